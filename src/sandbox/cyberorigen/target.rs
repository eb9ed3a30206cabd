//! What may be scanned: a domain, an address or a range of addresses (contract section 2.1).

use std::net::{IpAddr, Ipv4Addr};

/// Hosts that are looked at in a range.
const HOSTS_OF_A_RANGE: u32 = 3;

/// The hosts behind a target, in the words in which findings name them; `None` if it is no target.
pub(super) fn hosts(target: &str) -> Option<Vec<String>> {
    if target.parse::<IpAddr>().is_ok() || is_domain(target) {
        return Some(vec![target.to_ascii_lowercase()]);
    }
    let (address, prefix) = target.split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) => {
            let size = 1_u32.checked_shl(32_u32.checked_sub(prefix)?).unwrap_or(u32::MAX);
            let first = u32::from(address) & !(size - 1);
            // The first address of a range that has more than two is the network's own.
            let hosts = if size > 2 { 1..size.min(HOSTS_OF_A_RANGE + 1) } else { 0..size };
            Some(hosts.map(|host| Ipv4Addr::from(first.saturating_add(host)).to_string()).collect())
        }
        IpAddr::V6(address) => (prefix <= 128).then(|| vec![address.to_string()]),
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && text.rsplit('.').next().is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Lowest and highest of a list of ports such as `1-1000` or `22,80,443`; `None` if it is none.
pub(super) fn ports(text: &str) -> Option<Vec<(u16, u16)>> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first > 0 && first <= last).then_some((first, last))
    };
    text.split(',').map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_addresses_and_ranges_are_targets() {
        assert_eq!(hosts("Example.com"), Some(vec!["example.com".to_owned()]));
        assert_eq!(hosts("192.168.1.1"), Some(vec!["192.168.1.1".to_owned()]));
        let range = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(str::to_owned).to_vec();
        assert_eq!(hosts("10.0.0.7/24"), Some(range));
        assert_eq!(hosts("10.0.0.7/32"), Some(vec!["10.0.0.7".to_owned()]));
        assert_eq!(hosts("0.0.0.0/0").map(|hosts| hosts.len()), Some(3));
        for text in
            ["http://example.com", "example.com/page", "example", "10.0.0.0/33", "a b.com", "1.2.3", "", "-a.com"]
        {
            assert_eq!(hosts(text), None, "{text}");
        }
    }

    #[test]
    fn ports_are_ranges_that_do_not_run_backwards() {
        assert_eq!(ports("1-1000"), Some(vec![(1, 1000)]));
        assert_eq!(ports("22, 80-443"), Some(vec![(22, 22), (80, 443)]));
        for text in ["", "0-10", "9-1", "70000", "http"] {
            assert_eq!(ports(text), None, "{text}");
        }
    }
}

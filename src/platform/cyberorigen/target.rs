//! What can be scanned: a domain, an IP address or a CIDR range, without anything around it (contract 2.1). A mistake is told
//! before a scan is asked for, and with what is wrong, since the platform's own word for it is a 422 at best.

use std::net::{IpAddr, Ipv6Addr};

/// The longest name (RFC 1035 section 2.3.4), and the longest label of one.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Whether this is a target; else why not, going on from its text.
pub(super) fn check(target: &str) -> Result<(), &'static str> {
    if target.is_empty() {
        return Err("is empty");
    }
    if target.contains("://") {
        return Err("begins with a scheme: give the host alone");
    }
    if target.chars().any(char::is_whitespace) {
        return Err("holds white space: give one target, without spaces");
    }
    if target.contains('@') {
        return Err("holds a user name: give the host alone");
    }
    if target.contains(['?', '#']) {
        return Err("holds a query or a fragment: give the host alone");
    }
    match target.split_once('/') {
        Some((address, prefix)) => check_range(address, prefix),
        None => check_host(target),
    }
}

fn check_range(address: &str, prefix: &str) -> Result<(), &'static str> {
    let longest: u8 = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) if looks_numeric(address) || address.contains(':') => {
            return Err("is no CIDR range: what stands before the slash is no IP address");
        }
        Err(_) => return Err("holds a path: give the host alone"),
    };
    let is_short = prefix.bytes().all(|byte| byte.is_ascii_digit()) && prefix.len() <= 3;
    match prefix.parse::<u8>() {
        Ok(length) if is_short && length <= longest => Ok(()),
        _ if longest == 32 => Err("is no CIDR range: behind the slash stands a number from 0 to 32"),
        _ => Err("is no CIDR range: behind the slash stands a number from 0 to 128"),
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if host.starts_with('[') {
        return Err("has brackets: give an IPv6 address without them, and ports with --ports");
    }
    match host.split_once(':') {
        Some((_, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err("holds a port: give the host alone, and ports with --ports");
        }
        Some(_) => return Err("is neither a domain nor an IPv6 address"),
        None => {}
    }
    if looks_numeric(host) {
        return Err("is no IPv4 address: that has four numbers from 0 to 255 without leading zeros");
    }
    check_name(host)
}

/// The characters of host names (RFC 1123 section 2.1), and the underscore, which some names in use have.
fn check_name(name: &str) -> Result<(), &'static str> {
    if !name.is_ascii() {
        return Err("has letters beyond ASCII: give the name in its ASCII form, which begins with xn--");
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.len() > LONGEST_NAME {
        return Err("is longer than any domain");
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err("is no domain: two dots follow each other, or one stands at the beginning");
        }
        if label.len() > LONGEST_LABEL {
            return Err("is no domain: a part between dots is longer than 63 characters");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("is no domain: a part between dots begins or ends with a hyphen");
        }
        if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err("is no domain: it holds more than letters, digits, hyphens and dots");
        }
    }
    Ok(())
}

/// Whether the last part between dots is a number: no domain ends so, and resolvers take such a name for an address.
fn looks_numeric(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
}

/// A host and the port behind it, where a text holds both: `host:443`, `[2001:db8::1]:443`.
pub(super) fn split_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok().then_some(address)?,
        None => host,
    };
    let is_whole = !host.is_empty() && (!host.contains(':') || text.starts_with('['));
    is_whole.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_addresses_and_ranges_are_targets() {
        for target in [
            "example.com",
            "EXAMPLE.com",
            "a-b.example.co.uk",
            "xn--bcher-kva.example",
            "_dmarc.example.com",
            "example.com.",
            "intranet",
            "3com.com",
            "192.168.1.1",
            "2001:db8::1",
            "::1",
            "10.0.0.0/24",
            "10.0.0.1/32",
            "0.0.0.0/0",
            "2001:db8::/32",
        ] {
            assert_eq!(check(target), Ok(()), "{target}");
        }
    }

    #[test]
    fn what_is_around_a_host_is_named_in_the_reason() {
        for (target, reason) in [
            ("http://example.com", "scheme"),
            ("https://10.0.0.0/24", "scheme"),
            ("example.com/page", "path"),
            ("example.com/", "path"),
            ("example.com:443", "port"),
            ("10.0.0.1:22", "port"),
            ("[2001:db8::1]:443", "brackets"),
            ("[::1]", "brackets"),
            ("example.com other.example", "space"),
            ("example.com\n", "space"),
            ("user@example.com", "user name"),
            ("example.com?x", "query"),
            ("", "empty"),
        ] {
            let said = check(target).unwrap_err();
            assert!(said.contains(reason), "{target:?}: {said}");
        }
    }

    #[test]
    fn what_only_looks_like_a_target_is_none() {
        for (target, reason) in [
            ("256.1.1.1", "IPv4"),
            ("192.168.1", "IPv4"),
            ("192.168.001.1", "IPv4"),
            ("1.2.3.4.5", "IPv4"),
            ("127.1", "IPv4"),
            ("10.0.0.0/33", "0 to 32"),
            ("10.0.0.0/", "0 to 32"),
            ("10.0.0.0/+8", "0 to 32"),
            ("10.0.0/24", "CIDR"),
            ("2001:db8::/129", "0 to 128"),
            ("2001:db8:::1/64", "CIDR"),
            ("10.0.0.0/24/8", "0 to 32"),
            ("2001:db8::xyz", "IPv6"),
            ("fe80::1%eth0", "IPv6"),
            ("a..b", "two dots"),
            (".example.com", "two dots"),
            ("-a.example.com", "hyphen"),
            ("a-.example.com", "hyphen"),
            ("b\u{fc}cher.example", "xn--"),
            ("*.example.com", "letters, digits"),
            ("example.com,other.example", "letters, digits"),
            ("..", "two dots"),
        ] {
            let said = check(target).unwrap_err();
            assert!(said.contains(reason), "{target:?}: {said}");
        }
        assert!(check(&format!("{}.example", "a".repeat(64))).is_err());
        assert!(check(&"a.".repeat(130)).is_err());
    }

    #[test]
    fn a_port_behind_a_host_is_told_from_the_colons_of_an_address() {
        for (text, expected) in [
            ("example.com:8443", Some(("example.com", 8443))),
            ("10.0.0.1:22", Some(("10.0.0.1", 22))),
            ("[2001:db8::1]:443", Some(("2001:db8::1", 443))),
            ("2001:db8::1", None),
            ("example.com", None),
            ("example.com:https", None),
            ("example.com:0", None),
            ("example.com:70000", None),
            (":443", None),
            ("[nonsense]:443", None),
        ] {
            assert_eq!(split_port(text), expected, "{text}");
        }
    }
}

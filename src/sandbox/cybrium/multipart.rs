//! The one part of a form that is wanted (RFC 7578).

/// The content of the part of this name; `None` if the body has no such part, or is no form.
pub(super) fn part<'a>(content_type: &str, body: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let parameters = content_type.strip_prefix("multipart/form-data")?;
    let boundary = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let wanted = format!("name=\"{name}\"");
    let mut rest = body.get(find(body, delimiter.as_bytes())? + delimiter.len()..)?;
    let delimiter = format!("\r\n{delimiter}");
    while let Some(end) = find(rest, delimiter.as_bytes()) {
        let (part, behind) = rest.split_at_checked(end)?;
        let head = find(part, b"\r\n\r\n")?;
        let headers = String::from_utf8_lossy(part.get(..head)?);
        let disposition = headers.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"));
        if disposition.is_some_and(|line| line.split(';').any(|parameter| parameter.trim() == wanted)) {
            return part.get(head + 4..);
        }
        rest = behind.get(delimiter.len()..)?;
    }
    None
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nnightly\r\n\
        --b\r\ncontent-disposition: form-data; name=\"sarif\"; filename=\"a\"\r\nContent-Type: x/y\r\n\r\n{\"a\":\r\n1}\r\n--b--\r\n";

    #[test]
    fn the_named_part_is_found_with_its_line_ends() {
        assert_eq!(part("multipart/form-data; boundary=b", BODY, "sarif"), Some(&b"{\"a\":\r\n1}"[..]));
        assert_eq!(part("multipart/form-data; boundary=\"b\"", BODY, "title"), Some(&b"nightly"[..]));
        assert_eq!(part("multipart/form-data; boundary=b", BODY, "file"), None);
        assert_eq!(part("multipart/form-data; boundary=other", BODY, "sarif"), None);
        assert_eq!(part("application/json", BODY, "sarif"), None);
        assert_eq!(part("multipart/form-data; boundary=b", &BODY[..60], "title"), None, "cut off");
    }
}

//! How our JSON documents look: compact, except that the elements of the outer lists stand on lines of their own, so that
//! `grep`, `diff` and `head` work on a file of a hundred megabytes; or indented, where a document is short. Written as it is
//! serialised, with nothing held.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::text;

/// Writes `document` as JSON, with a line for each element of the lists that lie at most `depth` lists deep.
pub(super) fn write(document: &impl Serialize, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    lay_out(document, Layout { indented: None, depth, open_lists: 0, has_elements: false }, out)
}

/// Writes `document` as JSON, with a line for each field and element.
pub(super) fn write_indented(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let indented = Some(PrettyFormatter::new());
    lay_out(document, Layout { indented, depth: 0, open_lists: 0, has_elements: false }, out)
}

fn lay_out(document: &impl Serialize, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    document.serialize(&mut Serializer::with_formatter(&mut *out, layout))?;
    out.write_all(b"\n")
}

/// One type for both looks: what serialises a document is compiled anew for each.
struct Layout {
    indented: Option<PrettyFormatter<'static>>,
    depth: usize,
    open_lists: usize,
    has_elements: bool,
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        if let Some(indented) = &mut self.indented {
            return indented.begin_array(out);
        }
        self.open_lists += 1;
        self.has_elements = false;
        out.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if let Some(indented) = &mut self.indented {
            return indented.begin_array_value(out, first);
        }
        if !first {
            out.write_all(b",")?;
        }
        if self.open_lists <= self.depth {
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        if let Some(indented) = &mut self.indented {
            return indented.end_array_value(out);
        }
        self.has_elements = true;
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        if let Some(indented) = &mut self.indented {
            return indented.end_array(out);
        }
        if self.has_elements && self.open_lists <= self.depth {
            out.write_all(b"\n")?;
        }
        self.open_lists -= 1;
        out.write_all(b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        match &mut self.indented {
            Some(indented) => indented.begin_object(out),
            None => out.write_all(b"{"),
        }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        match &mut self.indented {
            Some(indented) => indented.begin_object_key(out, first),
            None if first => Ok(()),
            None => out.write_all(b","),
        }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.indented.is_some() { b": " } else { b":" })
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.indented.as_mut().map_or(Ok(()), |indented| indented.end_object_value(out))
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        match &mut self.indented {
            Some(indented) => indented.end_object(out),
            None => out.write_all(b"}"),
        }
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        out.write_all(text::escape_json(fragment).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outer_lists_are_broken_into_lines() {
        let document = serde_json::json!({"a": [{"b": [1, 2]}, {"c": []}], "d": []});
        let mut out = Vec::new();
        write(&document, 1, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "{\"a\":[\n{\"b\":[1,2]},\n{\"c\":[]}\n],\"d\":[]}\n");
    }
}

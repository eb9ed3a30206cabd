//! Objects that a pack holds as the difference to another one (gitformat-pack, "Deltified representation").

use std::io;

use super::{LARGEST, corrupt};

/// What a delta makes of its base.
pub(super) fn apply(base: &[u8], delta: &[u8]) -> io::Result<Vec<u8>> {
    let mut reader = Reader(delta);
    patched(base, &mut reader).ok_or_else(|| corrupt("a difference does not fit what it is a difference to"))
}

fn patched(base: &[u8], delta: &mut Reader<'_>) -> Option<Vec<u8>> {
    if delta.length()? != base.len() as u64 {
        return None;
    }
    let length = delta.length().filter(|length| *length <= LARGEST)?;
    let mut content = Vec::new();
    while let Some(instruction) = delta.byte() {
        let part = if instruction & 0x80 == 0 {
            // A zero is reserved.
            delta.take(usize::from(instruction)).filter(|part| !part.is_empty())?
        } else {
            let offset = delta.number(instruction, 4)?;
            let size = match delta.number(instruction >> 4, 3)? {
                0 => 0x1_0000,
                size => size,
            };
            base.get(offset..offset.checked_add(size)?)?
        };
        content.extend_from_slice(part);
        if content.len() as u64 > length {
            return None;
        }
    }
    (content.len() as u64 == length).then_some(content)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Seven bits a byte, the lowest first.
    fn length(&mut self) -> Option<u64> {
        let mut length = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            length |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(length);
            }
        }
        None
    }

    /// A number of which only those of its `most` bytes are there whose bits are set in `present`, the lowest first.
    fn number(&mut self, present: u8, most: u32) -> Option<usize> {
        let mut number = 0;
        for at in 0..most {
            if present & (1 << at) != 0 {
                number |= usize::from(self.byte()?) << (8 * at);
            }
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_delta_copies_from_its_base_and_adds_of_its_own() {
        // 11 bytes to 9: copy 6 from 0, add `git`.
        let delta = [11, 9, 0b1001_0000, 6, 3, b'g', b'i', b't'];
        assert_eq!(apply(b"hello world", &delta).unwrap(), b"hello git");
        // Copy 5 from 6.
        assert_eq!(apply(b"hello world", &[11, 5, 0b1001_0001, 6, 5]).unwrap(), b"world");
        // A size of nothing is 64 KiB.
        let base = vec![b'a'; 0x1_0000];
        assert_eq!(apply(&base, &[0x80, 0x80, 4, 0x80, 0x80, 4, 0x80]).unwrap(), base);
    }

    #[test]
    fn a_delta_that_does_not_fit_is_refused() {
        for delta in [
            [].as_slice(),
            &[10, 5, 0b1001_0001, 6, 5],            // another base
            &[11, 6, 0b1001_0001, 6, 5],            // too short
            &[11, 4, 0b1001_0001, 6, 5],            // too long
            &[11, 6, 0b1001_0001, 6, 6],            // past the base
            &[11, 0, 0],                            // reserved
            &[11, 3, 3, b'a'],                      // cut off
            &[11, 5, 0b1001_0001, 6],               // cut off
            &[11, 0xff, 0xff, 0xff, 0xff, 0xff, 1], // larger than is read
            &[0xff; 12],                            // a length without end
        ] {
            assert!(apply(b"hello world", delta).is_err(), "{delta:?}");
        }
    }

    proptest! {
        #[test]
        fn no_delta_makes_more_than_it_says(base in proptest::collection::vec(any::<u8>(), 0..40), mut delta in proptest::collection::vec(any::<u8>(), 0..40), length in 0_u8..60) {
            delta.splice(0..0, [u8::try_from(base.len()).unwrap(), length]);
            if let Ok(content) = apply(&base, &delta) {
                prop_assert_eq!(content.len(), usize::from(length));
            }
        }
    }
}

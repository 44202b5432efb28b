//! Walks items of a known shape in bytes that the scanner has passed. Nothing is copied, nothing is allocated.

use core::ops::Range;

use super::head::{Head, Major, read_head};

/// A place between two items. Each step is over one item, or nothing where another item stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Items<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Items<'a> {
    /// Before the first item.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Where the item at `offset` ends.
    pub(crate) fn end_of(bytes: &[u8], offset: usize) -> Option<usize> {
        let mut items = Items { bytes, offset };
        items.skip()?;
        Some(items.offset)
    }

    /// The head of an item of this type: its argument.
    pub(crate) fn head(&mut self, major: Major) -> Option<u64> {
        let head = self.peek().filter(|head| head.major == major)?;
        self.offset = self.offset.checked_add(head.len)?;
        Some(head.argument)
    }

    /// The bytes of the next item, whatever it is.
    pub(crate) fn item(&mut self) -> Option<&'a [u8]> {
        let start = self.offset;
        self.skip()?;
        self.bytes.get(start..self.offset)
    }

    /// Where the bytes of a byte string lie.
    pub(crate) fn byte_string_range(&mut self) -> Option<Range<usize>> {
        let len = self.byte_string()?.len();
        Some(self.offset.checked_sub(len)?..self.offset)
    }

    /// A byte string.
    pub(crate) fn byte_string(&mut self) -> Option<&'a [u8]> {
        let len = self.head(Major::Bytes)?;
        self.take(len)
    }

    /// A text string.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let len = self.head(Major::Text)?;
        self.take(len).and_then(|bytes| core::str::from_utf8(bytes).ok())
    }

    /// Passes over an item, whatever it is, with all that is in it.
    pub(crate) fn skip(&mut self) -> Option<()> {
        let mut left = 1_u64;
        while left > 0 {
            let head = self.peek()?;
            self.offset = self.offset.checked_add(head.len)?;
            let inside = match head.major {
                Major::Bytes | Major::Text => {
                    self.take(head.argument)?;
                    0
                }
                Major::Array => head.argument,
                Major::Map => head.argument.checked_mul(2)?,
                Major::Tag => 1,
                Major::Unsigned | Major::Negative | Major::Simple => 0,
            };
            left = left.checked_sub(1)?.checked_add(inside)?;
        }
        Some(())
    }

    /// Whether no bytes are left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.offset == self.bytes.len()
    }

    fn peek(&self) -> Option<Head> {
        read_head(self.bytes, self.offset).ok()
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let end = self.offset.checked_add(usize::try_from(len).ok()?)?;
        let bytes = self.bytes.get(self.offset..end)?;
        self.offset = end;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_passed_over_with_all_that_is_in_them() {
        // [{1: [h'aa', "b"]}, -1, true] 5
        let mut items = Items::new(&[0x83, 0xa1, 0x01, 0x82, 0x41, 0xaa, 0x61, b'b', 0x20, 0xf5, 0x05]);
        assert_eq!(items.skip(), Some(()));
        assert_eq!(items.head(Major::Unsigned), Some(5));
        assert!(items.is_at_end());
        assert_eq!(items.skip(), None);
    }

    #[test]
    fn an_item_of_another_type_is_not_taken() {
        let mut items = Items::new(&[0x41, 0xaa]);
        assert_eq!(items.text(), None);
        assert_eq!(items.byte_string(), Some(&[0xaa][..]));
    }
}

//! What tells a value from another that reads as the same: how many lists, maps and other items it has.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::head::{Major, read_head};
use super::scan::ScanError;

/// Counts over a whole value. Keys of maps count as items.
///
/// A lenient reader takes a list for a map, and drops what is written though it should be absent (`null`, an empty list
/// or map, `false`). Then the bytes it writes have another shape than what it read: every list that it writes comes from
/// a list that it read, so where their numbers are equal no list was taken for a map and none was dropped; then every map
/// that it writes comes from a map, so where their numbers are equal none was dropped; then the same holds of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    lists: usize,
    maps: usize,
    others: usize,
}

impl Shape {
    const NOTHING: Self = Self { lists: 0, maps: 0, others: 0 };
    const ITEM: Self = Self { others: 1, ..Self::NOTHING };

    /// The shape of bytes that the scanner has passed.
    pub(crate) fn of_scanned(bytes: &[u8]) -> Result<Self, ScanError> {
        let mut shape = Self::NOTHING;
        let mut offset = 0usize;
        while offset < bytes.len() {
            let head = read_head(bytes, offset)?;
            let content = match head.major {
                Major::Bytes | Major::Text => usize::try_from(head.argument).unwrap_or(usize::MAX),
                _ => 0,
            };
            shape = shape.with(match head.major {
                Major::Array => Self { lists: 1, ..Self::NOTHING },
                Major::Map => Self { maps: 1, ..Self::NOTHING },
                _ => Self::ITEM,
            });
            offset = offset.saturating_add(head.len).saturating_add(content);
        }
        Ok(shape)
    }

    fn with(self, other: Self) -> Self {
        Self {
            lists: self.lists.saturating_add(other.lists),
            maps: self.maps.saturating_add(other.maps),
            others: self.others.saturating_add(other.others),
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::ITEM)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::ITEM)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::ITEM)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::ITEM)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::ITEM)
    }

    fn visit_unit<E: Error>(self) -> Result<Shape, E> {
        Ok(Shape::ITEM)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut shape = Shape { lists: 1, ..Shape::NOTHING };
        while let Some(item) = items.next_element::<Shape>()? {
            shape = shape.with(item);
        }
        Ok(shape)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut shape = Shape { maps: 1, ..Shape::NOTHING };
        while let Some((key, value)) = entries.next_entry::<Shape, Shape>()? {
            shape = shape.with(key).with(value);
        }
        Ok(shape)
    }
}

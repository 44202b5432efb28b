//! Points of edwards25519, −x² + y² = 1 + d·x²·y² (RFC 8032 §5.1), in extended coordinates.
//!
//! The formulas are those of Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves Revisited", 2008, §3.1. Because −1 is a square
//! modulo p and d is not, they are complete: they hold for every two points of the curve, equal ones, opposite ones, the neutral one
//! and those of small order included. No case needs a branch, and no Z becomes 0.

use crate::field::Element;

/// What the formulas need of the curve.
pub(crate) struct Curve {
    /// d = −121665 / 121666.
    d: Element,
    d2: Element,
    d4: Element,
    half: Element,
}

/// x = X / Z, y = Y / Z, x·y = T / Z.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) x: Element,
    pub(crate) y: Element,
    pub(crate) z: Element,
    pub(crate) t: Element,
}

/// A point ready to be added: (y + x) / 2, (y − x) / 2 and d·x·y. The halves save an addition that would have to be carried.
#[derive(Clone, Copy)]
pub(crate) struct Addend {
    pub(crate) plus: Element,
    pub(crate) minus: Element,
    pub(crate) product: Element,
}

impl Curve {
    pub(crate) fn new() -> Self {
        let d = (&Element::small(121_665) * &Element::small(121_666).inverse()).negated();
        let d2 = (&d + &d).carried();
        Self { d, d2, d4: (&d2 + &d2).carried(), half: Element::small(2).inverse() }
    }

    /// The point that these bytes encode, if they encode one; y need not be reduced (RFC 8032 §5.1.3 apart from that).
    pub(crate) fn decode(&self, bytes: &[u8; 32]) -> Option<Point> {
        let [.., high] = bytes;
        let y = Element::from_bytes(bytes);
        let square = y.square();
        let u = (&square - &Element::ONE).carried();
        let v = (&(&square * &self.d) + &Element::ONE).carried();
        let v3 = &v.square() * &v;
        let uv7 = &(&u * &v3.square()) * &v;
        let mut x = &(&u * &v3) * &uv7.power_of_root();
        if (&v * &x.square()).to_bytes() != u.to_bytes() {
            // The root of −u / v: times a root of −1, which is 2 to the power of (p − 1) / 4, since 2 is not a square.
            x = &x * &Element::small(2).power_of_quarter();
            if (&v * &x.square()).to_bytes() != u.to_bytes() {
                return None;
            }
        }
        if x.is_odd() != (high >> 7 == 1) {
            x = x.negated();
        }
        Some(Point { x, y, z: Element::ONE, t: &x * &y })
    }

    /// The sum of any two points.
    pub(crate) fn add(&self, p: &Point, q: &Point) -> Point {
        let a = &(&p.y - &p.x) * &(&q.y - &q.x);
        let b = &(&p.y + &p.x) * &(&q.y + &q.x);
        let c = &(&p.t * &q.t) * &self.d2;
        let z = &p.z * &q.z;
        let d = (&z + &z).carried();
        let (e, f, g, h) = (&b - &a, &d - &c, &d + &c, &b + &a);
        Point { x: &e * &f, y: &g * &h, z: &f * &g, t: &e * &h }
    }

    /// A point as an addend, given the inverse of its Z.
    pub(crate) fn addend(&self, point: &Point, inverse: &Element) -> Addend {
        let half = inverse * &self.half;
        let (x, y) = (&point.x * &half, &point.y * &half);
        Addend { plus: (&y + &x).carried(), minus: (&y - &x).carried(), product: &(&x * &y) * &self.d4 }
    }
}

impl Point {
    pub(crate) const NEUTRAL: Self =
        Self { x: Element::ZERO, y: Element::ONE, z: Element::ONE, t: Element::ZERO };

    pub(crate) fn negated(&self) -> Self {
        Self { x: self.x.negated(), t: self.t.negated(), ..*self }
    }

    /// This point and `addend`, or its opposite: seven multiplications.
    #[inline(always)]
    pub(crate) fn plus(&self, addend: &Addend, opposite: bool) -> Self {
        let Addend { plus, minus, product } = addend;
        let (plus, minus) = if opposite { (minus, plus) } else { (plus, minus) };
        let a = &(&self.y - &self.x) * minus;
        let b = &(&self.y + &self.x) * plus;
        let c = &self.t * product;
        let (less, more) = (&self.z - &c, &self.z + &c);
        let (f, g) = if opposite { (&more, &less) } else { (&less, &more) };
        let (e, h) = (&b - &a, &b + &a);
        Self { x: &e * f, y: g * &h, z: f * g, t: &e * &h }
    }

    /// The one encoding (RFC 8032 §5.1.2), given the inverse of Z.
    pub(crate) fn encode(&self, inverse: &Element) -> [u8; 32] {
        let mut bytes = (&self.y * inverse).to_bytes();
        let [.., high] = &mut bytes;
        *high |= u8::from((&self.x * inverse).is_odd()) << 7;
        bytes
    }
}

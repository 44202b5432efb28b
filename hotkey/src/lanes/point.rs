//! Eight sums of points, one a lane, by the formulas of `crate::point`, which are complete.

use core::arch::x86_64::__mmask8;

use crate::field::{Element, LIMBS};
use crate::multiples::{Picked, Summands};
use crate::point::{Addend, Point};

use super::LANES;
use super::field::{Factor, Row, Wide};

/// Addends for all lanes, the place of a limb first, then the lane.
pub(super) struct Addends {
    plus: [Row; LIMBS],
    minus: [Row; LIMBS],
    product: [Row; LIMBS],
    /// A one in the place of each lane that takes the opposite.
    opposite: u8,
}

/// Sums so far: y + x and y − x of what `Point` holds, since nothing else of x and y goes into the next sum.
pub(super) struct Sums {
    plus: Factor,
    minus: Factor,
    z: Wide,
    t: Factor,
}

impl Addends {
    pub(super) const NONE: Self = Self {
        plus: [[0; LANES]; LIMBS],
        minus: [[0; LANES]; LIMBS],
        product: [[0; LANES]; LIMBS],
        opposite: 0,
    };

    /// Takes into each lane what its summands add in this step.
    #[inline(always)]
    pub(super) fn fill(&mut self, lanes: [&Summands<'_>; LANES], step: usize) {
        self.opposite = 0;
        for (lane, summands) in lanes.into_iter().enumerate() {
            let Picked { addend: Addend { plus, minus, product }, opposite } = summands.picked(step);
            let (plus, minus) = if opposite { (minus, plus) } else { (plus, minus) };
            put(&mut self.plus, lane, plus);
            put(&mut self.minus, lane, minus);
            put(&mut self.product, lane, product);
            self.opposite |= u8::from(opposite) << lane;
        }
    }
}

#[inline(always)]
fn put(rows: &mut [Row; LIMBS], lane: usize, element: &Element) {
    for (row, limb) in rows.iter_mut().zip(element.limbs()) {
        if let Some(place) = row.get_mut(lane) {
            *place = limb;
        }
    }
}

impl Sums {
    /// Of nothing.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn neutral() -> Self {
        let [zero, one] = [Element::ZERO, Element::ONE].map(|element| Factor::everywhere(element.limbs()));
        Self { plus: one, minus: one, z: Wide::of(&one), t: zero }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn plus(&self, addends: &Addends) -> Self {
        let opposite: __mmask8 = addends.opposite;
        let a = self.minus.times(&Factor::new(&addends.minus));
        let b = self.plus.times(&Factor::new(&addends.plus));
        let c = self.t.times(&Factor::new(&addends.product));
        let (less, more) = (self.z.minus(&c), self.z.plus(&c));
        let (f, g) = (less.or(opposite, &more), more.or(opposite, &less));
        let (e, h) = (b.minus(&a), b.plus(&a));
        let (x, y) = (e.times(&f), g.times(&h));
        Self { plus: y.plus(&x), minus: y.minus(&x), z: f.times(&g), t: e.times(&h).carried() }
    }

    /// The sums, lane by lane. All coordinates are doubled, which changes no point.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn points(&self) -> [Point; LANES] {
        let [plus, minus, z, t] =
            [&self.plus, &self.minus, &self.z.carried(), &self.t].map(|factor| elements(&factor.rows()));
        let mut points = [Point::NEUTRAL; LANES];
        for ((((point, plus), minus), z), t) in points.iter_mut().zip(plus).zip(minus).zip(z).zip(t) {
            let [x, y, z, t] =
                [&plus - &minus, &plus + &minus, &z + &z, &t + &t].map(|twice| twice.carried());
            *point = Point { x, y, z, t };
        }
        points
    }
}

fn elements(rows: &[Row; LIMBS]) -> [Element; LANES] {
    let mut elements = [Element::ZERO; LANES];
    for (lane, element) in elements.iter_mut().enumerate() {
        *element = Element::from_limbs(rows.each_ref().map(|row| row.get(lane).copied().unwrap_or_default()));
    }
    elements
}

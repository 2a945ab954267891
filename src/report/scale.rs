//! From calm to hot: ten steps of surprise, each with a digit and a colour.

use anstyle::{Ansi256Color, Style};

/// Backgrounds from calm to hot, in the 256 colours of `xterm`.
///
/// The brightness rises at each step, so that the order is seen without seeing hues; the calm end
/// is near to a dark terminal's own background.
const BACKGROUNDS: [u8; STEPS] = [236, 53, 89, 125, 161, 197, 203, 209, 215, 227];
/// The first step that needs black letters in place of white ones.
const BRIGHT: usize = 5;
const STEPS: usize = 10;
const WHITE: Ansi256Color = Ansi256Color(231);
const BLACK: Ansi256Color = Ansi256Color(16);

/// The surprises, in nats, between which a [`HeatMap`](super::HeatMap) shows ten equal steps.
///
/// A surprise is the negated logprob of what came: 0 for what was certain, about 11 for a token
/// drawn blindly from a vocabulary of 50 000. The default is 0 to 10, where a step's digit says
/// the whole nats.
///
/// ```
/// use tokenrail::report::Scale;
///
/// assert_eq!(Some(Scale::default()), Scale::new(0.0, 10.0));
/// assert_eq!(Scale::new(5.0, 5.0), None);
/// assert_eq!(Scale::new(0.0, f64::INFINITY), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Finite, and less than `hot`.
    calm: f64,
    /// Finite, with a finite distance to `calm`.
    hot: f64,
}

/// One of the ten steps; below [`STEPS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step(usize);

impl Scale {
    /// A scale from `calm` to `hot`; `None` unless both are finite and `calm` is less.
    ///
    /// ```
    /// use tokenrail::report::{Colour, HeatMap, Scale};
    ///
    /// // Shows differences among tokens that were nearly certain.
    /// let scale = Scale::new(0.0, 1.0).unwrap_or_default();
    /// let legend = HeatMap { scale, ..HeatMap::default() }.legend(Colour::None);
    /// assert!(legend.contains("from 0 to 1 nats"));
    /// ```
    pub fn new(calm: f64, hot: f64) -> Option<Self> {
        (calm < hot && (hot - calm).is_finite()).then_some(Self { calm, hot })
    }

    /// The surprise at which the calmest step begins; what is below belongs to it too.
    pub fn calm(self) -> f64 {
        self.calm
    }

    /// The surprise at which the hottest step ends; what is above belongs to it too.
    pub fn hot(self) -> f64 {
        self.hot
    }

    /// The step of a surprise; `None` for NaN.
    pub(super) fn step(self, surprise: f64) -> Option<Step> {
        let share = (surprise.clamp(self.calm, self.hot) - self.calm) / (self.hot - self.calm);
        // A float to integer cast saturates; the product is within 0 and STEPS.
        (!share.is_nan()).then(|| Step(((share * STEPS as f64) as usize).min(STEPS - 1)))
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self { calm: 0.0, hot: 10.0 }
    }
}

impl Step {
    /// All steps, the calmest first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..STEPS).map(Self)
    }

    /// `0` for the calmest, `9` for the hottest.
    pub(super) fn digit(self) -> char {
        char::from(b'0' + self.0 as u8)
    }

    pub(super) fn style(self) -> Style {
        let letters = if self.0 < BRIGHT { WHITE } else { BLACK };
        Style::new()
            .bg_color(Some(Ansi256Color(BACKGROUNDS[self.0]).into()))
            .fg_color(Some(letters.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scale: (f64, f64), surprise: f64, expected: Option<char>) {
        let scale = Scale::new(scale.0, scale.1).expect("a scale");
        assert_eq!(scale.step(surprise).map(Step::digit), expected, "{surprise} on {scale:?}");
    }

    #[test]
    fn steps_cover_every_surprise() {
        for (surprise, digit) in [
            (0.0, '0'),
            (0.999, '0'),
            (1.0, '1'),
            (9.0, '9'),
            (10.0, '9'),
            (1e300, '9'),
            (f64::INFINITY, '9'),
            (-0.1, '0'),
            (f64::NEG_INFINITY, '0'),
        ] {
            check((0.0, 10.0), surprise, Some(digit));
        }
        check((0.0, 10.0), f64::NAN, None);
        check((2.0, 4.0), 3.0, Some('5'));
        check((-1e-300, 1e-300), 0.0, Some('5'));
    }

    #[test]
    fn scales_have_finite_bounds_in_order() {
        for (calm, hot) in
            [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::NAN), (f64::MIN, f64::MAX)]
        {
            assert_eq!(Scale::new(calm, hot), None, "{calm} {hot}");
        }
    }

    /// WCAG 2.1, relative luminance, for `xterm`'s cube (16–231) and greys (232–255).
    fn luminance(colour: Ansi256Color) -> f64 {
        let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
        let rgb = match colour.0 {
            grey @ 232.. => [8 + 10 * (grey - 232); 3],
            cube => [level((cube - 16) / 36), level((cube - 16) / 6 % 6), level((cube - 16) % 6)],
        };
        let linear = rgb.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn brightness_rises_and_letters_are_readable() {
        let backgrounds = BACKGROUNDS.map(|colour| luminance(Ansi256Color(colour)));
        assert!(backgrounds.is_sorted_by(|calmer, hotter| calmer < hotter), "{backgrounds:?}");
        for (step, background) in backgrounds.into_iter().enumerate() {
            let letters = luminance(if step < BRIGHT { WHITE } else { BLACK });
            let contrast = (letters.max(background) + 0.05) / (letters.min(background) + 0.05);
            // WCAG 2.1, success criterion 1.4.3.
            assert!(contrast >= 4.5, "step {step}: {contrast}");
        }
    }
}

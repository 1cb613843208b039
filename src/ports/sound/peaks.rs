//! How loud a recording is along its length: what a player draws.

/// Bars of the drawing.
const BARS: usize = 80;

/// The loudest sample of each part, from 0 to 100, made as loud as can be shown.
pub fn peaks(samples: &[f32]) -> Vec<u8> {
    if samples.is_empty() {
        return Vec::new();
    }
    let length = samples.len().div_ceil(BARS);
    let loudest = |part: &[f32]| part.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
    let bars: Vec<f32> = samples.chunks(length).map(loudest).collect();
    // What is nearly silent stays flat: noise is not blown up.
    let top = bars.iter().copied().fold(0.05_f32, f32::max);
    bars.into_iter().map(|bar| percent(bar / top)).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 100 before")]
fn percent(share: f32) -> u8 {
    (share * 100.0).round().clamp(0.0, 100.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_follow_the_loudness() {
        let mut samples = vec![0.0; 8_000];
        samples.extend(vec![0.4; 8_000]);
        let bars = peaks(&samples);
        assert_eq!(bars.len(), 80);
        assert_eq!((bars[0], bars[39], bars[40], bars[79]), (0, 0, 100, 100));
        assert_eq!(peaks(&[]), Vec::<u8>::new());
        assert_eq!(peaks(&[0.001; 100]), vec![2; 50], "noise stays flat");
    }
}

//! Any rate to the one that speech models listen to, piece by piece.

use audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

use super::{RATE, Unreadable};

/// Frames that are worked on at once.
const CHUNK: usize = 1024;

/// Turns one rate into `RATE`. Holds no more than a piece of the sound.
pub(super) struct Resampler {
    from: u32,
    engine: Option<Async<f32>>,
    /// Samples that do not fill a piece yet.
    waiting: Vec<f32>,
    out: Vec<f32>,
    /// Samples at the start that are the engine's delay and not sound.
    skip: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    pub(super) fn new(from: u32) -> Result<Resampler, Unreadable> {
        let engine = match from {
            RATE => None,
            _ => Some(engine(from).ok_or(Unreadable::Shape { rate: from, channels: 1 })?),
        };
        let skip = engine.as_ref().map_or(0, rubato::Resampler::output_delay);
        let out = engine.as_ref().map_or(0, rubato::Resampler::output_frames_max);
        Ok(Resampler { from, engine, waiting: Vec::new(), out: vec![0.0; out], skip, taken: 0, given: 0 })
    }

    /// The rate it takes.
    pub(super) fn from(&self) -> u32 {
        self.from
    }

    /// Takes samples and appends what they give.
    pub(super) fn push(&mut self, samples: impl Iterator<Item = f32>, into: &mut Vec<f32>) {
        if self.engine.is_none() {
            into.extend(samples);
            return;
        }
        let before = self.waiting.len();
        self.waiting.extend(samples);
        self.taken += u64::try_from(self.waiting.len() - before).unwrap_or(0);
        self.work(into);
    }

    /// Appends what is left: the engine is some samples behind.
    pub(super) fn finish(mut self, into: &mut Vec<f32>) {
        let due = self.taken * u64::from(RATE) / u64::from(self.from.max(1));
        while self.given < due {
            let Some(engine) = &self.engine else { return };
            let (whole, before) = (engine.input_frames_next(), self.given);
            self.waiting.resize(whole.max(self.waiting.len()), 0.0);
            self.work(into);
            // An engine that gives nothing for a whole piece and is past its delay will never.
            if self.given == before && self.skip == 0 {
                return;
            }
        }
        let surplus = usize::try_from(self.given - due).unwrap_or(0);
        into.truncate(into.len() - surplus.min(into.len()));
    }

    fn work(&mut self, into: &mut Vec<f32>) {
        let Some(engine) = &mut self.engine else { return };
        let mut used = 0;
        loop {
            let next = engine.input_frames_next();
            let Some(piece) = self.waiting.get(used..used + next) else { break };
            let length = self.out.len();
            let (Ok(input), Ok(mut output)) =
                (SequentialSlice::new(piece, 1, next), SequentialSlice::new_mut(&mut self.out, 1, length))
            else {
                break;
            };
            let Ok((read, written)) = engine.process_into_buffer(&input, &mut output, None) else { break };
            used += read;
            let skipped = self.skip.min(written);
            self.skip -= skipped;
            let fresh = self.out.get(skipped..written).unwrap_or_default();
            into.extend(fresh.iter().map(|sample| sample.clamp(-1.0, 1.0)));
            self.given += u64::try_from(fresh.len()).unwrap_or(0);
            if read == 0 {
                break;
            }
        }
        self.waiting.drain(..used);
    }
}

/// A windowed sinc of this many points. Among 320 points in between, each place that 8,000, 22,050, 24,000,
/// 44,100 and 48,000 Hz ask for is one of them; for other rates the line between two is near enough.
/// A resampler by Fourier transforms sounds the same, and takes twelve times as long to build.
fn engine(from: u32) -> Option<Async<f32>> {
    let sinc = SincInterpolationParameters::new(128, WindowFunction::BlackmanHarris2)
        .oversampling_factor(320)
        .interpolation(SincInterpolationType::Linear);
    let ratio = f64::from(RATE) / f64::from(from.max(1));
    Async::new_sinc(ratio, 1.0, &sinc, CHUNK, 1, FixedAsync::Input).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone of this many cycles a second.
    fn tone(rate: u16, cycles: f32, samples: u16) -> Vec<f32> {
        let step = cycles * std::f32::consts::TAU / f32::from(rate);
        (0..samples).map(|n| (f32::from(n) * step).sin() * 0.5).collect()
    }

    #[test]
    fn a_tone_keeps_its_length_and_its_height_at_any_rate() {
        for rate in [8_000_u16, 11_025, 16_000, 22_050, 44_100, 48_000] {
            let input = tone(rate, 440.0, rate);
            let mut resampler = Resampler::new(rate.into()).expect("a usual rate");
            let mut output = Vec::new();
            // In pieces of odd sizes, as packets come.
            for piece in input.chunks(777) {
                resampler.push(piece.iter().copied(), &mut output);
            }
            resampler.finish(&mut output);
            assert!(output.len().abs_diff(16_000) <= 1, "{rate}: {}", output.len());
            let rises = output.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
            assert!(rises.abs_diff(440) <= 2, "{rate}: {rises}");
            let loudest = output.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
            assert!((loudest - 0.5).abs() < 0.06, "{rate}: {loudest}");
        }
    }
}

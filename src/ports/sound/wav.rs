//! Sound as a file that everybody reads.

use super::{RATE, Sound};

/// The sound as a WAV file of 16 bits.
pub fn wav(sound: &Sound) -> Vec<u8> {
    let bytes = u32::try_from(sound.samples.len() * 2).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(sound.samples.len() * 2 + 44);
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // Plain samples, one channel.
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(sound.samples.iter().flat_map(|sample| sixteen_bits(*sample).to_le_bytes()));
    file
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what 16 bits hold before")]
fn sixteen_bits(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16
}

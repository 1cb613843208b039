//! Containers and codecs, by symphonia and libopus.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::resample::Resampler;
use super::{Limits, RATE, Sound, Unreadable};

/// Rates a recording may have, from telephones to studios.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// Most channels of a recording.
const MAX_CHANNELS: usize = 8;

/// Opus always decodes to this, whatever its container says of the recording it was made from.
const OPUS_RATE: u32 = 48_000;

/// Packets that may be unreadable before the rest is given up.
const MAX_BROKEN: usize = 64;

/// Packets a second of sound may have; the shortest real ones last 2.5 ms.
const PACKETS_PER_SECOND: u64 = 400;

/// Bytes of titles, and of pictures, that are kept in memory while reading.
const MAX_TAGS: usize = 64 * 1024;

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    #[cfg(feature = "speech")]
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});

/// Decodes a recording up to the limits. What can be read of a damaged one is given; one that a decoder trips over
/// is no recording.
pub fn decode(bytes: impl AsRef<[u8]> + Send + Sync, limits: &Limits) -> Result<Sound, Unreadable> {
    // Nothing of a reader that tripped is used again.
    catch_unwind(AssertUnwindSafe(|| probe(bytes, limits))).unwrap_or(Err(Unreadable::Format))
}

/// Finds out what the bytes are, and reads them as that.
fn probe(bytes: impl AsRef<[u8]> + Send + Sync, limits: &Limits) -> Result<Sound, Unreadable> {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let tags = MetadataOptions::default()
        .limit_tag_bytes(Limit::Maximum(MAX_TAGS))
        .limit_visual_bytes(Limit::Maximum(MAX_TAGS));
    // Without a hint: neither the name nor the type that came with the file is believed.
    let mut reader = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, FormatOptions::default(), tags)
        .map_err(|_| Unreadable::Format)?;
    let (track, params) = audio_track(&*reader)?;
    let mut decoder =
        CODECS.make_audio_decoder(&params, &AudioDecoderOptions::default()).map_err(|_| Unreadable::Codec)?;
    read(&mut *reader, track, &mut *decoder, limits)
}

/// The recording's track, and how to decode it.
fn audio_track(reader: &dyn FormatReader) -> Result<(u32, AudioCodecParameters), Unreadable> {
    let track = reader.default_track(TrackType::Audio).ok_or(Unreadable::Format)?;
    let Some(CodecParameters::Audio(params)) = &track.codec_params else { return Err(Unreadable::Codec) };
    let mut params = params.clone();
    if params.codec == CODEC_ID_OPUS {
        params.sample_rate = Some(OPUS_RATE);
    }
    let channels = params.channels.as_ref().map_or(1, |channels| channels.count());
    check_shape(params.sample_rate.unwrap_or(OPUS_RATE), channels)?;
    Ok((track.id, params))
}

fn check_shape(rate: u32, channels: usize) -> Result<(), Unreadable> {
    match RATES.contains(&rate) && (1..=MAX_CHANNELS).contains(&channels) {
        true => Ok(()),
        false => Err(Unreadable::Shape { rate, channels }),
    }
}

fn read(
    reader: &mut dyn FormatReader,
    track: u32,
    decoder: &mut dyn AudioDecoder,
    limits: &Limits,
) -> Result<Sound, Unreadable> {
    let seconds = limits.length.as_secs().max(1);
    let wanted = usize::try_from(seconds * u64::from(RATE)).unwrap_or(usize::MAX);
    let mut packets = (seconds + 1) * PACKETS_PER_SECOND;
    let mut broken = 0;
    let mut resampler: Option<Resampler> = None;
    let mut sound = Sound { samples: Vec::new(), cut: false };
    let mut interleaved: Vec<f32> = Vec::new();
    loop {
        if limits.cancelled.is_cancelled() {
            return Err(Unreadable::Cancelled);
        }
        if sound.samples.len() >= wanted || packets == 0 || limits.reached() {
            sound.cut = true;
            break;
        }
        packets -= 1;
        // The end, a file that was cut off, and a chained stream all end the recording.
        let Ok(Some(packet)) = reader.next_packet() else { break };
        if packet.track_id != track {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Fault::DecodeError(_) | Fault::IoError(_)) if broken < MAX_BROKEN => {
                broken += 1;
                continue;
            }
            Err(_) => break,
        };
        let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        check_shape(rate, channels)?;
        decoded.copy_to_vec_interleaved(&mut interleaved);
        // A stream does not change its rate; one that does is taken up to there.
        let resampler = match &mut resampler {
            Some(resampler) if resampler.from() == rate => resampler,
            Some(_) => break,
            none => none.insert(Resampler::new(rate)?),
        };
        resampler.push(mixed(&interleaved, channels), &mut sound.samples);
    }
    if let Some(resampler) = resampler {
        resampler.finish(&mut sound.samples);
    }
    sound.samples.truncate(wanted);
    match sound.samples.is_empty() {
        true => Err(Unreadable::Empty),
        false => Ok(sound),
    }
}

/// All channels as one, without numbers that are none and within range.
fn mixed(interleaved: &[f32], channels: usize) -> impl Iterator<Item = f32> {
    let share = 1.0 / f32::from(u8::try_from(channels).unwrap_or(u8::MAX));
    interleaved.chunks_exact(channels.max(1)).map(move |frame| {
        let sum: f32 = frame.iter().filter(|sample| sample.is_finite()).sum();
        (sum * share).clamp(-1.0, 1.0)
    })
}

//! Every format that browsers and telephones send, and what people make up to break decoders.

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Limits, RATE, Sound, Unreadable, decode, peaks, wav};

/// The same sentence in every format.
const FORMATS: &[&str] = &["hours.wav", "hours.mp3", "hours.flac", "hours.m4a", "hours-fragmented.mp4"];

/// Formats that need libopus.
#[cfg(feature = "speech")]
const OPUS: &[&str] = &["hours.webm", "hours.ogg", "hours-opus.mp4", "hours-opus-fragmented.mp4"];

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech");
    std::fs::read(folder.join(name)).expect("the recording is there")
}

fn limits(seconds: u64) -> Limits {
    Limits::new(Duration::from_secs(seconds), Duration::from_secs(60))
}

fn read(bytes: Vec<u8>) -> Result<Sound, Unreadable> {
    decode(bytes, &limits(300))
}

/// How alike the loudness of two sounds runs, 1 for the same.
fn likeness(one: &Sound, other: &Sound) -> f64 {
    let (one, other) = (peaks(&one.samples), peaks(&other.samples));
    let pairs = || one.iter().zip(&other).map(|(one, other)| (f64::from(*one), f64::from(*other)));
    let mean = |sum: f64| sum / 80.0;
    let (left, right) = (mean(pairs().map(|pair| pair.0).sum()), mean(pairs().map(|pair| pair.1).sum()));
    let along: f64 = pairs().map(|(one, other)| (one - left) * (other - right)).sum();
    let (a, b): (f64, f64) = pairs()
        .fold((0.0, 0.0), |(a, b), (one, other)| (a + (one - left).powi(2), b + (other - right).powi(2)));
    along / (a * b).sqrt()
}

fn reads_alike(names: &[&str]) {
    let original = read(file("hours.wav")).expect("plain samples are read");
    for name in names {
        let sound = read(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let off = (sound.seconds() - original.seconds()).abs();
        assert!(off < 0.15 && !sound.cut, "{name} lasts {} s", sound.seconds());
        assert!(likeness(&sound, &original) > 0.9, "{name}: {}", likeness(&sound, &original));
    }
}

#[test]
fn every_format_is_read_by_its_bytes_alone() {
    reads_alike(FORMATS);
}

#[test]
#[cfg(feature = "speech")]
fn opus_is_read_in_every_container_that_browsers_use() {
    reads_alike(OPUS);
}

#[test]
fn what_is_written_as_a_file_is_read_again() {
    let original = read(file("hours.wav")).expect("plain samples are read");
    let again = read(wav(&original)).expect("our own file is read");
    assert_eq!(again.samples.len(), original.samples.len());
    assert!(likeness(&again, &original) > 0.999);
}

/// A WAV header of this shape before these samples.
fn with_header(rate: u32, channels: u16, bits: u16, samples: &[u8]) -> Vec<u8> {
    let length = u32::try_from(samples.len()).expect("short");
    let frame = u32::from(channels) * u32::from(bits / 8);
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend(rate.wrapping_mul(frame).to_le_bytes());
    file.extend(u16::try_from(frame).unwrap_or(u16::MAX).to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

#[test]
fn absurd_rates_and_channels_are_refused() {
    let samples = vec![7; 64 * 1024];
    for (rate, channels) in
        [(0, 1), (1, 1), (4_000, 1), (400_000, 1), (u32::MAX, 2), (16_000, 0), (16_000, 9), (16_000, 255)]
    {
        let read = read(with_header(rate, channels, 8, &samples));
        assert!(read.is_err(), "{rate} Hz, {channels} channels: {read:?}");
    }
    assert!(read(with_header(16_000, 2, 8, &samples)).is_ok());
}

#[test]
fn a_day_of_silence_is_read_up_to_the_limit() {
    // A header that promises an hour, over little: what counts is what is there.
    let mut promising = with_header(8_000, 1, 8, &vec![128; 80_000]);
    promising[40..44].copy_from_slice(&28_800_000_u32.to_le_bytes());
    promising[4..8].copy_from_slice(&28_800_036_u32.to_le_bytes());
    let sound = read(promising).expect("what is there is read");
    assert!((sound.seconds() - 10.0).abs() < 0.1, "{}", sound.seconds());
    // Twenty minutes, of which one is read.
    let long = with_header(8_000, 1, 8, &vec![128; 8_000 * 1_200]);
    let started = Instant::now();
    let sound = decode(long, &limits(60)).expect("the beginning is read");
    assert!(sound.cut && sound.samples.len() == 60 * RATE as usize);
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// A page of an Ogg stream.
#[cfg(feature = "speech")]
fn ogg_page(kind: u8, position: u64, number: u32, packets: &[&[u8]]) -> Vec<u8> {
    let mut page = Vec::from(*b"OggS\0");
    page.push(kind);
    page.extend(position.to_le_bytes());
    page.extend(7_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.push(u8::try_from(packets.len()).expect("a page holds at most 255"));
    page.extend(packets.iter().map(|packet| u8::try_from(packet.len()).expect("a short packet")));
    packets.iter().for_each(|packet| page.extend(*packet));
    let sum = page.iter().fold(0_u32, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| (sum << 1) ^ ((sum >> 31) * 0x04c1_1db7))
    });
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

#[test]
#[cfg(feature = "speech")]
fn a_day_of_silence_in_two_megabytes_costs_no_more_than_the_limit() {
    // One byte is a packet of 120 ms in which nothing is said.
    let mut bomb = ogg_page(2, 0, 0, &[b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0"]);
    bomb.extend(ogg_page(0, 0, 1, &[b"OpusTags\x01\0\0\0x\0\0\0\0"]));
    let silence: Vec<&[u8]> = vec![b"\x19"; 255];
    let mut number = 2;
    while u64::from(number) * 255 * 120 < 86_400_000 {
        bomb.extend(ogg_page(0, u64::from(number - 1) * 255 * 5_760, number, &silence));
        number += 1;
    }
    assert!(bomb.len() < 2 * 1024 * 1024, "{}", bomb.len());
    let started = Instant::now();
    let sound = decode(bomb, &limits(30)).expect("the beginning is read");
    assert!(sound.cut && sound.samples.len() == 30 * RATE as usize, "{} s", sound.seconds());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn time_that_is_over_and_a_cancelled_call_end_the_work() {
    let over = Limits::new(Duration::from_secs(60), Duration::ZERO);
    assert_eq!(decode(file("hours.wav"), &over), Err(Unreadable::Empty));
    let cancelled = limits(60);
    cancelled.cancelled.cancel();
    assert_eq!(decode(file("hours.wav"), &cancelled), Err(Unreadable::Cancelled));
}

#[test]
fn what_is_no_sound_is_refused() {
    let cases: [&[u8]; 6] = [
        b"",
        b"RIFF\0\0\0\0WAVE",
        b"\x89PNG\r\n\x1a\n0000000000000000",
        b"<html>hello</html>",
        b"OggS\0\x02\0\0\0\0\0\0\0\0",
        b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f",
    ];
    for bytes in cases {
        assert!(read(bytes.to_vec()).is_err(), "{bytes:?}");
    }
    let mut zip_behind = file("hours.wav");
    zip_behind.extend(b"PK\x05\x06 and a whole archive");
    assert!(read(zip_behind).is_ok(), "what stands behind the sound is not looked at");
}

#[test]
fn a_recording_of_more_channels_than_its_decoder_can_count_is_refused() {
    let mut bytes = file("hours.wav");
    // The count stands ten bytes behind the chunk's name.
    let place = bytes.windows(4).position(|four| four == b"fmt ").expect("a chunk of the format") + 10;
    bytes[place..place + 2].copy_from_slice(&u16::MAX.to_le_bytes());
    assert!(read(bytes).is_err());
}

#[test]
fn a_recording_that_was_cut_off_is_read_up_to_there() {
    for name in ["hours.wav", "hours.mp3", "hours.flac", "hours-fragmented.mp4"] {
        let mut bytes = file(name);
        bytes.truncate(bytes.len() * 2 / 3);
        let sound = read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!((1.0..3.5).contains(&sound.seconds()), "{name}: {}", sound.seconds());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a file has become on its way: an answer in time, and no more sound than the limit.
    #[test]
    fn damaged_files_are_refused_or_read_within_the_limits(
        which in 0..FORMATS.len(),
        changes in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 1..40),
        cut in 0.05..1.0_f64,
    ) {
        let mut bytes = file(FORMATS[which]);
        let length = u32::try_from(bytes.len()).expect("short");
        // Most of what decides stands at the start.
        let place = |share: f64| (0..length).position(|at| f64::from(at) >= share.powi(3) * f64::from(length)).unwrap_or(0);
        for (share, byte) in changes {
            bytes[place(share)] = byte;
        }
        bytes.truncate(place(cut.cbrt()).max(1));
        if let Ok(sound) = decode(bytes, &limits(20)) {
            prop_assert!(sound.samples.len() <= 20 * RATE as usize);
            prop_assert!(sound.samples.iter().all(|sample| (-1.0..=1.0).contains(sample)));
        }
    }
}

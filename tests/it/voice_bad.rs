//! Recordings that are made to break things: reliability F4. Each is refused or listened to up to the limit,
//! its message is kept as a file, and the conversation goes on.

use std::time::{Duration, Instant};

use concierge::base::Role;
use concierge::protocol::{Attachment, Content, TranscriptState};

use crate::support::{App, Customer, code, on_each_engine_with};
use crate::voice::{Listener, WAV, WEBM, heard, outcome, speaks, state};

/// A WAV file whose header says this.
fn wav(rate: u32, channels: u16, bits: u16, promised: u32, samples: &[u8]) -> Vec<u8> {
    let frame = u32::from(channels) * u32::from(bits / 8);
    let mut file = Vec::from(*b"RIFF");
    file.extend(promised.wrapping_add(36).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend(rate.wrapping_mul(frame).to_le_bytes());
    file.extend(u16::try_from(frame).unwrap_or(u16::MAX).to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend(promised.to_le_bytes());
    file.extend(samples);
    file
}

/// A checksum as FLAC has them.
fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    let (top, mask) = (1 << (bits - 1), (1 << bits) - 1);
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << (bits - 8)), |sum, _| {
            if sum & top == 0 { (sum << 1) & mask } else { ((sum << 1) ^ polynomial) & mask }
        })
    })
}

/// Silence as FLAC: fourteen bytes say "65,535 samples of nothing", eight seconds at the rate of telephones.
fn silence(seconds: u32) -> Vec<u8> {
    const BLOCK: u32 = 65_535;
    let mut file = Vec::from(*b"fLaC");
    file.extend([0x80, 0, 0, 34]);
    file.extend([0xff; 4]);
    file.extend([0; 6]);
    // 8,000 a second, one channel, 16 bits; how many samples is not said.
    file.extend((8_000_u64 << 44 | 15 << 36).to_be_bytes());
    file.extend([0; 16]);
    for number in 0..seconds * 8_000 / BLOCK {
        let mut frame = vec![0xff, 0xf8, 0x74, 0x08];
        match number {
            0..0x80 => frame.push(u8::try_from(number).expect("small")),
            0x80..0x800 => {
                frame.extend(
                    [0xc0 | number >> 6, 0x80 | number & 63].map(|part| u8::try_from(part).expect("a byte")),
                );
            }
            _ => frame.extend(
                [0xe0 | number >> 12, 0x80 | number >> 6 & 63, 0x80 | number & 63]
                    .map(|part| u8::try_from(part).expect("a byte")),
            ),
        }
        frame.extend((u16::try_from(BLOCK).expect("fits") - 1).to_be_bytes());
        frame.push(u8::try_from(crc(&frame, 8, 0x07)).expect("a byte"));
        frame.extend([0, 0, 0]);
        frame.extend(u16::try_from(crc(&frame, 16, 0x8005)).expect("two bytes").to_be_bytes());
        file.extend(frame);
    }
    file
}

/// Sends a file as a message; it must be kept as it came, and served so that nothing of it runs.
async fn kept(
    app: &App,
    customer: &mut Customer,
    name: &str,
    bytes: &[u8],
) -> (Attachment, Option<TranscriptState>) {
    let (posted, file) = speaks(customer, name, bytes).await;
    let request = reqwest::Client::new().get(format!("{}/v1/files/{}", app.url(), file.id));
    let response = request.headers(customer.http.headers().clone()).send().await.expect("the hub answers");
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(
        (response.status().as_u16(), header("x-content-type-options").as_str()),
        (200, "nosniff"),
        "{name}"
    );
    assert!(header("content-security-policy").contains("sandbox"), "{name}");
    let kind = header("content-type");
    assert!(!kind.contains("html") && !kind.contains("script") && !kind.contains("svg"), "{name}: {kind}");
    assert_eq!(response.bytes().await.expect("bytes").as_ref(), bytes, "{name}");
    if file.transcript.is_none() {
        return (file, None);
    }
    let told = outcome(app, &mut customer.socket, &posted, file.id).await;
    (file, Some(state(&told)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_silence_costs_no_more_than_the_limit() {
    let listener = Listener::start(&[heard("Nothing was said.")]).await;
    let settings = listener.settings();
    on_each_engine_with(
        move |config, options| {
            settings(config, options);
            config.speech.max_seconds = 60;
        },
        async |app| {
            let day = silence(86_400);
            assert!((100_000..1_000_000).contains(&day.len()), "{}", day.len());
            let mut customer = app.customer().await;
            let started = Instant::now();
            let (posted, file) = speaks(&mut customer, "day.flac", &day).await;
            let wave = file.wave.as_ref().expect("its beginning is read");
            assert!(wave.cut && wave.millis == 60_000, "{wave:?}");
            assert!(wave.peaks.iter().all(|peak| *peak == 0), "{wave:?}");
            let told = outcome(app, &mut customer.socket, &posted, file.id).await;
            assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
            let Content::Transcribed { state, cut, .. } = told.content else { panic!("{told:?}") };
            assert_eq!((state, cut), (TranscriptState::Silent, true));
        },
    )
    .await;
    assert!(listener.asked().is_empty(), "nobody is asked about silence");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_lie_count_for_nothing() {
    let listener = Listener::start(&[heard("How much is a brake check?")]).await;
    on_each_engine_with(listener.settings(), async |app| {
        let mut customer = app.customer().await;
        let noise: Vec<u8> = (0..80_000_u32).map(|n| if n / 20 % 2 == 0 { 90 } else { 166 }).collect();
        // Unreadable: kept, and said to be so.
        for (name, bytes) in [
            ("zero.wav", wav(0, 1, 8, 80_000, &noise)),
            ("one.wav", wav(1, 1, 8, 80_000, &noise)),
            ("gigahertz.wav", wav(u32::MAX, 2, 8, 80_000, &noise)),
            ("channels.wav", wav(16_000, 255, 8, 80_000, &noise)),
            ("none.wav", wav(16_000, 0, 8, 80_000, &noise)),
        ] {
            let (file, state) = kept(app, &mut customer, name, &bytes).await;
            assert!(file.wave.is_none(), "{name}: {file:?}");
            assert_eq!(state, Some(TranscriptState::Failed), "{name}");
        }
        // Readable: as long as what is there.
        for (name, bytes, millis) in [
            ("promises-a-day.wav", wav(8_000, 1, 8, 691_200_000, &noise), 10_000),
            ("wrong-rate.wav", wav(16_000, 1, 8, 80_000, &noise), 5_000),
            ("too-fast.wav", wav(192_000, 1, 8, 80_000, &noise), 416),
        ] {
            let (file, state) = kept(app, &mut customer, name, &bytes).await;
            let wave = file.wave.expect("it can be read");
            assert!(wave.millis.abs_diff(millis) < 100 && !wave.cut, "{name}: {wave:?}");
            assert_eq!(state, Some(TranscriptState::Done), "{name}");
        }
        let whole = WEBM.len();
        for share in [1, 5, 9] {
            let part = &WEBM[..whole * share / 10];
            let (file, state) = kept(app, &mut customer, "cut.webm", part).await;
            // What has an index at its end may be unreadable without it; then it says so.
            let wanted = match file.wave {
                Some(wave) if wave.millis < 4_000 => TranscriptState::Done,
                Some(wave) => panic!("{share}: {wave:?}"),
                None => TranscriptState::Failed,
            };
            assert_eq!(state, Some(wanted), "{share}");
        }
        app.pending(&app.staff(Role::Staff).await, customer.conversation.expect("there is one")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_two_things_at_once_is_only_ever_one_of_them() {
    let listener = Listener::start(&[heard("How much is a brake check?")]).await;
    on_each_engine_with(listener.settings(), async |app| {
        let mut customer = app.customer().await;
        let with = |before: &[u8], after: &[u8]| [before, WAV, after].concat();
        let page: &[u8] = b"<html><script>alert(1)</script></html>";
        // A page or an archive behind the sound; a page among its remarks.
        let length = u32::try_from(page.len()).expect("short");
        let mut remarks = WAV[..36].to_vec();
        remarks.extend(b"LIST");
        remarks.extend((length + 12).to_le_bytes());
        remarks.extend(b"INFOICMT");
        remarks.extend(length.to_le_bytes());
        remarks.extend(page);
        remarks.extend(&WAV[36..]);
        let whole = u32::try_from(remarks.len() - 8).expect("short");
        remarks[4..8].copy_from_slice(&whole.to_le_bytes());
        for (name, bytes) in [
            ("page.html", with(b"", page)),
            ("archive.zip", with(b"", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
            ("remarks.svg", remarks),
        ] {
            let (file, state) = kept(app, &mut customer, name, &bytes).await;
            assert!(file.media_type.starts_with("audio/"), "{name}: {file:?}");
            assert_eq!(state, Some(TranscriptState::Done), "{name}");
        }
        // Something else before the sound: it is that, and nobody listens to it.
        for (name, bytes, kind) in [
            ("voice.wav", with(page, b""), "text/"),
            ("voice.mp3", with(b"%PDF-1.7\n%", b"\n%%EOF"), "application/pdf"),
            ("voice.webm", with(b"GIF89a\x01\0\x01\0/*", b"*/=1;alert(1)"), "image/gif"),
            ("voice.ogg", with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b""), "image/png"),
        ] {
            let (file, state) = kept(app, &mut customer, name, &bytes).await;
            assert!(
                file.media_type.starts_with(kind) || file.media_type == "application/octet-stream",
                "{name}: {file:?}"
            );
            assert_eq!((state, file.wave), (None, None), "{name}");
        }
        // A container without sound in it is kept; whoever takes it for a recording says it is unreadable.
        let mut hollow = WEBM[..200].to_vec();
        hollow.extend(page);
        let (file, state) = kept(app, &mut customer, "hollow.webm", &hollow).await;
        assert_eq!(file.wave, None);
        match file.media_type.starts_with("audio/") {
            true => assert_eq!(state, Some(TranscriptState::Failed)),
            false => assert_eq!(state, None, "{file:?}"),
        }
        // A program stays one, whatever follows it.
        for program in [b"MZ\x90\0".as_slice(), b"\x7fELF\x02\x01\x01\0", b"#!/bin/sh\n"] {
            let refused = customer.http.clone().upload("voice.wav", with(program, b"")).await;
            assert_eq!(code(refused), "unsupported_file", "{program:?}");
        }
        app.pending(&app.staff(Role::Staff).await, customer.conversation.expect("there is one")).await;
    })
    .await;
}

//! Documents that cannot be read, or that are made to do harm: reliability F1, F2. The reason stands on the
//! document, and the hub goes on.

use std::time::{Duration, Instant};

use concierge::app::Options;
use concierge::base::Role;
use concierge::config::Config;
use serde_json::Value;

use crate::sources::{document, upload, uploaded};
use crate::support::papers::{
    docx_bomb, docx_many_parts, encrypted_pdf, pdf, pdf_bomb, pdf_circle, pdf_deep, pdf_many_pages, zip_of,
};
use crate::support::{App, call, ok, on_each_engine, on_each_engine_with};

const UPLOAD: &str = "/v1/knowledge/documents/upload";

/// Uploads a document and gives the word for why it was not read.
async fn refusal(app: &App, name: &str, bytes: Vec<u8>) -> String {
    let manager = app.staff(Role::Manager).await;
    let id = uploaded(&manager, name, bytes).await;
    app.settle().await;
    let read = document(&manager, &id).await;
    assert_eq!(read["status"], "failed", "{name}: {}", read["source"]);
    assert_eq!(read["version"], 0, "{name}: there is no text");
    let says = read["source"]["problem"]["says"].as_str().unwrap_or_default();
    assert!(says.ends_with('.') && says.len() > 20, "{name}: {says}");
    read["source"]["problem"]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_says_why() {
    on_each_engine(async |app| {
        let whole = pdf(&["A page that is cut in the middle of its life.", "Another."]);
        let cut = whole[..whole.len() / 3].to_vec();
        let word: Vec<u8> = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 600]].concat();
        let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let locked = [word.as_slice(), &locked].concat();
        let noise: Vec<u8> = (0..4_000_u32).map(|n| u8::try_from(n * 7_919 % 251).unwrap_or(0)).collect();
        for (name, bytes, why) in [
            ("locked.pdf", encrypted_pdf(), "encrypted"),
            ("cut.pdf", cut, "broken"),
            ("picture.pdf", pdf(&[""]), "no_text"),
            ("sheet.docx", zip_of(&[("xl/workbook.xml", b"<x/>".as_slice())]), "other_kind"),
            ("cut.docx", b"PK\x03\x04 and nothing more".to_vec(), "broken"),
            ("old.doc", word, "old_office"),
            ("locked.docx", locked, "encrypted"),
            ("letter.rtf", b"{\\rtf1 Hello}".to_vec(), "old_office"),
            ("noise.txt", noise, "unreadable"),
            ("table.csv", b"dish,price\nsoup,4\n".to_vec(), "no_columns"),
            ("bare.csv", b"question,answer\n,\n".to_vec(), "empty"),
        ] {
            assert_eq!(refusal(app, name, bytes).await, why, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_to_do_harm_ends_with_its_reader() {
    let documents: [(&str, Vec<u8>, &[&str]); 6] = [
        ("bomb.docx", docx_bomb(60 * 1024 * 1024), &["bomb"]),
        ("parts.docx", docx_many_parts(6_000), &["bomb"]),
        ("bomb.pdf", pdf_bomb(120 * 1024 * 1024), &["broken", "too_big", "no_text"]),
        ("circle.pdf", pdf_circle(), &["broken", "no_text"]),
        ("deep.pdf", pdf_deep(200_000), &["broken", "too_big", "no_text"]),
        ("pages.pdf", pdf_many_pages(1_000_000), &["too_long", "broken", "no_text"]),
    ];
    let settings = |config: &mut Config, _: &mut Options| config.knowledge.reader_megabytes = 96;
    on_each_engine_with(settings, async |app| {
        let manager = app.staff(Role::Manager).await;
        for (name, bytes, why) in &documents {
            let begun = Instant::now();
            let code = refusal(app, name, bytes.clone()).await;
            assert!(why.contains(&code.as_str()), "{name}: {code}");
            assert!(begun.elapsed() < Duration::from_secs(60), "{name} took {:?}", begun.elapsed());
            let health = call(&manager, "GET", "/readyz", None).await;
            assert_eq!(health.status, 200, "{name}: {health:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_no_more_memory_than_it_may_have() {
    let settings = |config: &mut Config, _: &mut Options| {
        config.knowledge.max_bytes = 64 * 1024 * 1024;
        config.knowledge.reader_megabytes = 48;
    };
    on_each_engine_with(settings, async |app| {
        let page = format!("<!DOCTYPE html><p>Words.</p>{}", "<b></b>".repeat(3_000_000));
        assert_eq!(refusal(app, "tags.html", page.into_bytes()).await, "too_big");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_fifty_megabytes_is_refused_and_leaves_no_trace_in_memory() {
    on_each_engine_with(
        |config, _| config.knowledge.max_bytes = 64 * 1024 * 1024,
        async |app| {
            let mut table = String::from("question,answer\n");
            while table.len() < 50 * 1024 * 1024 {
                table.push_str("How long is a row?,As long as this one and hardly any longer than that\n");
            }
            assert_eq!(refusal(app, "huge.csv", table.into_bytes()).await, "too_long");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_plainly_no_document_is_refused_at_the_door() {
    on_each_engine_with(
        |config, _| config.knowledge.max_bytes = 100_000,
        async |app| {
            let manager = app.staff(Role::Manager).await;
            for (name, bytes, status, code) in [
                ("empty.pdf", Vec::new(), 422, "empty_text"),
                ("blank.txt", b" \n \n".to_vec(), 422, "empty_text"),
                ("photo.pdf", b"\x89PNG\r\n\x1a\n0000000000000000".to_vec(), 415, "unsupported_file"),
                ("setup.docx", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".to_vec(), 415, "unsupported_file"),
                ("song.txt", b"ID3\x03\0\0\0\0\0\0 la la".to_vec(), 415, "unsupported_file"),
                ("big.txt", vec![b'a'; 100_001], 413, "too_large"),
                ("huge.txt", vec![b'a'; 400_000], 413, "too_large"),
            ] {
                let refused = upload(&manager, UPLOAD, name, bytes).await;
                assert_eq!(refused.problem(), (status, code.to_owned()), "{name}");
            }
            let list: Value = ok(&manager, "GET", "/v1/knowledge/documents?limit=200", None).await;
            assert_eq!(list["items"].as_array().map(Vec::len), Some(2), "only the business's own documents");
            let files = std::fs::read_dir(app.node.site.config.store.folder.join("files"));
            assert_eq!(files.expect("the folder").count(), 0, "nothing was left behind");
            let staff = app.staff(Role::Staff).await;
            let refused = upload(&staff, UPLOAD, "a.txt", b"text".to_vec()).await;
            assert_eq!(refused.problem(), (403, "forbidden".to_owned()));
        },
    )
    .await;
}

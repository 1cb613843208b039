//! Documents as text, read in this process: what each kind becomes, and what is refused.

use crate::reading::{Event, Kind, Refusal, Sniffed, read, read_sitemap, sniff};

/// The text of a document without pages, or why there is none.
fn text(name: &str, bytes: &[u8]) -> Result<(Kind, Option<String>, String), Refusal> {
    let (mut begun, mut body, mut end) = (None, String::new(), None);
    read(name, bytes, &mut |event| match event {
        Event::Begun { kind, title, .. } => begun = Some((kind, title)),
        Event::Page { text, .. } => body.push_str(&text),
        Event::Ended => end = Some(Ok(())),
        Event::Refused { refusal } => end = Some(Err(refusal)),
        Event::Addresses { .. } => {}
    });
    end.expect("it says how it ended")?;
    let (kind, title) = begun.expect("it said what it is");
    Ok((kind, title, body))
}

fn body(name: &str, bytes: &[u8]) -> String {
    text(name, bytes).expect("it is read").2
}

#[test]
fn the_content_decides_what_a_document_is() {
    for (name, bytes, is) in [
        ("a.txt", b"%PDF-1.4".as_slice(), Sniffed::Kind(Kind::Pdf)),
        ("a.pdf", b"PK\x03\x04", Sniffed::Kind(Kind::Docx)),
        ("a.txt", b"<!DOCTYPE html><p>x", Sniffed::Kind(Kind::Html)),
        ("a.pdf", b"Just words.", Sniffed::Kind(Kind::Text)),
        ("a.md", b"# Words", Sniffed::Kind(Kind::Markdown)),
        ("A.CSV", b"question,answer", Sniffed::Kind(Kind::Csv)),
        ("a.txt", b"\x89PNG\r\n\x1a\n", Sniffed::Refused(Refusal::OtherKind)),
        ("a.pdf", b"<?xml version='1.0'?><x/>", Sniffed::Refused(Refusal::OtherKind)),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Sniffed::Refused(Refusal::OldOffice)),
        ("a.docx", b"{\\rtf1 x}", Sniffed::Refused(Refusal::OldOffice)),
        ("a.txt", b" \n\t", Sniffed::Refused(Refusal::Empty)),
    ] {
        assert_eq!(sniff(name, bytes), is, "{name}");
    }
}

#[test]
fn a_page_becomes_its_words() {
    let page = "<html><head><title>Boats &amp; oars</title><style>p{}</style></head><body>\
        <header>Shop</header><nav><a href='/'>Home</a></nav><main><h1>Boats &amp; oars</h1>\
        <p>Rent a <a href='javascript:x()'>boat</a> for <em>£9</em>.</p><script>evil()</script>\
        <table><tr><th>Boat</th><th>Price</th></tr><tr><td>Canoe</td><td>£9</td></tr></table>\
        <p>Closed on Mondays, and whenever the river is too high to go out on it safely.</p></main>\
        <footer>Imprint</footer></body></html>";
    let (kind, title, body) = text("x", page.as_bytes()).expect("it is read");
    assert_eq!((kind, title.as_deref()), (Kind::Html, Some("Boats & oars")));
    assert!(body.starts_with("Rent a boat for *£9*."), "{body}");
    assert!(body.contains("| Canoe | £9    |") || body.contains("| Canoe | £9 |"), "{body}");
    for gone in ["Shop", "Home", "Imprint", "evil", "javascript", "p{}"] {
        assert!(!body.contains(gone), "{gone}: {body}");
    }
}

#[test]
fn a_table_becomes_questions_and_answers() {
    let table = "\u{feff}ID;Frage;Antwort\n1;\"Wann\n öffnen Sie?\";Um acht.\n2;;leer\n3;Wo?;\n";
    assert_eq!(body("faq.csv", table.as_bytes()), "## Wann öffnen Sie?\n\nUm acht.");
    assert_eq!(text("x.csv", b"a,b\n1,2\n"), Err(Refusal::NoColumns));
    assert_eq!(text("x.csv", b"q,a\n"), Err(Refusal::Empty));
}

#[test]
fn text_is_read_in_the_encodings_people_use() {
    let wide: Vec<u8> = "\u{feff}Grüße".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(body("a.txt", &wide), "Grüße");
    assert_eq!(body("a.txt", "Grüße\r\n\r\n\r\n\r\nEnde\u{ad} \u{fb01}n".as_bytes()), "Grüße\n\nEnde fin");
    assert_eq!(body("a.txt", b"Gr\xfc\xdfe aus K\xf6ln, sch\xf6nen Tag und bis bald"), {
        "Grüße aus Köln, schönen Tag und bis bald"
    });
    let noise: Vec<u8> = (0..500_u32).map(|n| u8::try_from(n * 37 % 256).unwrap_or(1)).collect();
    assert_eq!(text("a.txt", &noise), Err(Refusal::Unreadable));
}

#[test]
fn what_is_too_long_is_refused() {
    let long = "word ".repeat(250_000);
    assert_eq!(text("a.txt", long.as_bytes()), Err(Refusal::TooLong));
    let table = format!("q,a\n{}", "why,because\n".repeat(400_000));
    assert_eq!(text("a.csv", table.as_bytes()), Err(Refusal::TooLong));
}

#[test]
fn a_sitemap_gives_its_addresses() {
    let read = |text: &str, limit| {
        let mut said = Vec::new();
        read_sitemap(text.as_bytes(), limit, &mut |event| said.push(event));
        said
    };
    let map = "<?xml version='1.0'?><urlset><url><loc> https://a.example/x?a=1&amp;b=2 </loc></url>\
        <url><loc><![CDATA[https://a.example/y]]></loc><lastmod>2026</lastmod></url></urlset>";
    let both = vec!["https://a.example/x?a=1&b=2".to_owned(), "https://a.example/y".to_owned()];
    assert_eq!(read(map, 9), [Event::Addresses { addresses: both.clone() }]);
    assert_eq!(read(map, 1), [Event::Addresses { addresses: both[..1].to_vec() }]);
    let list = "https://a.example/x\nnothing\nhttp://a.example/y\n";
    let listed = vec!["https://a.example/x".to_owned(), "http://a.example/y".to_owned()];
    assert_eq!(read(list, 9), [Event::Addresses { addresses: listed }]);
    assert_eq!(read("<urlset><loc>a</wrong>", 9), [Event::Refused { refusal: Refusal::Broken }]);
}

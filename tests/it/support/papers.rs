//! Documents made by hand: honest ones, and ones that are made to do harm.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

/// A PDF with a page for each text; its lines stand one below the other.
pub fn pdf(pages: &[&str]) -> Vec<u8> {
    let contents: Vec<Vec<u8>> = pages.iter().map(|text| page_content(text).into_bytes()).collect();
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()).into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    for (page, content) in contents.iter().enumerate() {
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R \
                 /Resources << /Font << /F1 3 0 R >> >> >>",
                5 + 2 * page
            )
            .into_bytes(),
        );
        objects.push(stream("", content));
    }
    pdf_of(&objects, "")
}

fn page_content(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let escaped = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
            format!("({escaped}) Tj T*")
        })
        .collect();
    format!("BT /F1 12 Tf 72 760 Td 16 TL {} ET", lines.join("\n"))
}

/// A stream object.
pub fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("<< /Length {} {entries} >>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

/// A PDF file of these objects, numbered from 1; the first is the catalog.
pub fn pdf_of(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    file.extend(
        format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n").bytes(),
    );
    file
}

/// A PDF that asks for a password.
pub fn encrypted_pdf() -> Vec<u8> {
    let key = "ab".repeat(32);
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>".to_vec(),
        stream("", b"nothing that can be read"),
    ];
    objects.push(
        format!("<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <{key}> /U <{key}> >>").into_bytes(),
    );
    pdf_of(
        &objects,
        "/Encrypt 5 0 R /ID [<01020304050607080910111213141516> <01020304050607080910111213141516>]",
    )
}

/// A PDF with one page whose content unpacks to this many bytes.
pub fn pdf_bomb(bytes: usize) -> Vec<u8> {
    let packed = zlib_of_spaces(bytes);
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>".to_vec(),
        stream("/Filter /FlateDecode", &packed),
    ];
    pdf_of(&objects, "")
}

/// A PDF whose tree of pages is its own branch.
pub fn pdf_circle() -> Vec<u8> {
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 /Parent 3 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 /Parent 2 0 R >>".to_vec(),
    ];
    pdf_of(&objects, "")
}

/// A PDF with arrays in arrays, this deep.
pub fn pdf_deep(depth: usize) -> Vec<u8> {
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = [
        format!("<< /Type /Catalog /Pages 2 0 R /Names {nested} >>").into_bytes(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R /MediaBox {nested} >>").into_bytes(),
    ];
    pdf_of(&objects, "")
}

/// A PDF whose one page stands in its tree this many times.
pub fn pdf_many_pages(pages: usize) -> Vec<u8> {
    let kids = "3 0 R ".repeat(pages);
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {pages} >>").into_bytes(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>".to_vec(),
    ];
    pdf_of(&objects, "")
}

/// Spaces, packed as PDF wants it: zlib around what ZIP calls deflate.
fn zlib_of_spaces(bytes: usize) -> Vec<u8> {
    let archive = zip_of(&[("spaces", &vec![b' '; bytes])]);
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).expect("an archive");
    let mut packed = vec![0x78, 0x9c];
    let mut part = archive.by_index_raw(0).expect("a part");
    std::io::copy(&mut part, &mut packed).expect("its bytes");
    // The checksum (Adler-32) of so many equal bytes, added up at once.
    let count = u128::try_from(bytes).expect("a count");
    let low = (1 + 32 * count) % 65_521;
    let high = (count + 32 * (count * (count + 1) / 2)) % 65_521;
    packed.extend(u32::try_from(high << 16 | low).expect("32 bits").to_be_bytes());
    packed
}

/// A ZIP archive of these parts.
pub fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, content) in parts {
        archive.start_file(*name, options).expect("a part begins");
        archive.write_all(content).expect("it is written");
    }
    archive.finish().expect("the archive ends").into_inner()
}

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
const RELATIONSHIPS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;

/// A DOCX with these paragraphs.
pub fn docx(paragraphs: &[&str]) -> Vec<u8> {
    let body: String =
        paragraphs.iter().map(|text| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")).collect();
    docx_of(body.as_bytes())
}

/// A DOCX with this XML as its body.
pub fn docx_of(body: &[u8]) -> Vec<u8> {
    let mut document = br#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>"#.to_vec();
    document.extend(body);
    document.extend(b"</w:body></w:document>");
    zip_of(&[
        ("[Content_Types].xml", CONTENT_TYPES.as_bytes()),
        ("_rels/.rels", RELATIONSHIPS.as_bytes()),
        ("word/document.xml", &document),
    ])
}

/// A DOCX whose text unpacks to this many bytes.
pub fn docx_bomb(bytes: usize) -> Vec<u8> {
    let mut body = b"<w:p><w:r><w:t>".to_vec();
    body.resize(bytes, b'a');
    body.extend(b"</w:t></w:r></w:p>");
    docx_of(&body)
}

/// A DOCX with this many empty parts.
pub fn docx_many_parts(parts: usize) -> Vec<u8> {
    let names: Vec<String> = (0..parts).map(|part| format!("word/media/{part}.xml")).collect();
    let mut all: Vec<(&str, &[u8])> =
        vec![("[Content_Types].xml", CONTENT_TYPES.as_bytes()), ("word/document.xml", b"<w/>")];
    all.extend(names.iter().map(|name| (name.as_str(), b"".as_slice())));
    zip_of(&all)
}

//! Photos and files: what comes back holds nothing that its owner did not mean to show, and what does not fit is refused
//! in words.

use jiban_domain::command::ATTACHMENTS_MAX;
use jiban_store::both_engines;
use reqwest::Method;
use serde_json::json;

use crate::kit::{MONDAY, Reply, Submitted, TestApp, at, photo};

/// What only the metadata of the photo holds.
const CAMERA: &[u8] = b"SECRETCAMERA7";

/// A photo as a telephone takes it: lying on its side, with the camera's name and the place in degrees.
fn photo_with_place() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [tag.to_le_bytes().as_slice(), &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    // Header 8 bytes; first directory 2 + 3 * 12 + 4 = 42; camera at 50; directory of the place at 64, its figures at 94.
    let mut tiff = b"II*\0\x08\0\0\0\x03\0".to_vec();
    tiff.extend(entry(0x010F, 2, 14, 50));
    tiff.extend(entry(0x0112, 3, 1, 6));
    tiff.extend(entry(0x8825, 4, 1, 64));
    tiff.extend([0; 4]);
    tiff.extend(CAMERA);
    tiff.push(0);
    tiff.extend(2_u16.to_le_bytes());
    tiff.extend(entry(1, 2, 2, u32::from(b'N')));
    tiff.extend(entry(2, 5, 3, 94));
    tiff.extend([0; 4]);
    tiff.extend([22_u32, 1, 32, 1, 4711, 100].iter().flat_map(|number| number.to_le_bytes()));
    let exif = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let plain = photo();
    [&plain[..2], &[0xFF, 0xE1], &length, &exif, &plain[2..]].concat()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

async fn download(app: &TestApp, who: &str, case: &str, file: &str) -> Reply {
    app.call(who, Method::GET, &format!("/cases/{case}/attachments/{file}"), None).await
}

async fn by_reporter(app: &TestApp, case: &Submitted, code: &str, file: Vec<u8>) -> Reply {
    let path = format!("{}/api/v1/public/cases/{}/attachments?kind=after&name=我的照片.jpg", app.base, case.number);
    app.send(app.http.post(path).header("x-tracking-code", code).body(file)).await
}

both_engines! {
    async fn a_photo_comes_back_upright_without_place_and_camera(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await.id;
        let taken = photo_with_place();
        assert!(holds(&taken, CAMERA) && holds(&taken, &4711_u32.to_le_bytes()));
        let stored = app.upload("zfd1", &case, "before", "现场.jpg", taken).await.expect(201);
        // The orientation was read before it was dropped, so the metadata of this test was really understood.
        assert_eq!((&stored["width"], &stored["height"]), (&json!(24), &json!(32)));
        let back = download(&app, "zfd1", &case, stored["id"].as_str().unwrap()).await;
        assert_eq!((back.status, back.bytes.len()), (200, usize::try_from(stored["bytes"].as_u64().unwrap()).unwrap()));
        assert!(image::load_from_memory(&back.bytes).is_ok());
        let kept = app.files();
        assert_eq!(kept.len(), 1);
        for bytes in [back.bytes.clone(), std::fs::read(&kept[0]).unwrap()] {
            assert!(!holds(&bytes, CAMERA) && !holds(&bytes, b"Exif") && !holds(&bytes, &4711_u32.to_le_bytes()));
        }
        assert_eq!(back.headers["content-type"], "image/jpeg");
        assert_eq!(back.headers["content-disposition"], "inline; filename*=UTF-8''%E7%8E%B0%E5%9C%BA.jpg");
        assert_eq!(back.headers["x-content-type-options"], "nosniff");
        assert!(back.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    }

    async fn a_pdf_is_taken_as_it_is_and_saved_not_shown(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await.id;
        let file = b"%PDF-1.7\n%%EOF\n".to_vec();
        let stored = app.upload("zfd1", &case, "evidence", "a%22%0D%0Ab.pdf", file.clone()).await.expect(201);
        assert_eq!(stored["media_type"], "application/pdf");
        let back = download(&app, "zfd1", &case, stored["id"].as_str().unwrap()).await;
        assert_eq!(back.bytes, file);
        assert_eq!(back.headers["content-type"], "application/pdf");
        assert_eq!(back.headers["content-disposition"], "attachment; filename*=UTF-8''a%22%0D%0Ab.pdf");
    }

    async fn what_does_not_fit_is_refused_and_leaves_no_file(db: TestDb) {
        let app = TestApp::start_at(db, at(MONDAY), |config| config.files.max_mib = Some(1)).await;
        let case = app.verified().await.id;
        let version = app.case(&case).await["version"].clone();
        let upload = async |name: &str, file: Vec<u8>| app.upload("zfd1", &case, "before", name, file).await;
        for odd in [b"<html><script>alert(1)</script>".to_vec(), b"GIF89a\x01\0\x01\0".to_vec(), Vec::new()] {
            upload("a.jpg", odd).await.refused(415, "unfit_file");
        }
        let mut cut = photo();
        cut.truncate(100);
        assert_eq!(upload("a.jpg", cut).await.refused(422, "invalid")["field"], "body");
        upload("a.jpg", vec![0; (1 << 20) + 1]).await.refused(413, "too_large");
        upload("a.jpg", vec![0; (20 << 20) + 1]).await.refused(413, "too_large");
        assert_eq!(upload("%20", photo()).await.refused(422, "invalid")["field"], "name");
        assert_eq!(upload(&"n".repeat(121), photo()).await.refused(422, "invalid")["field"], "name");
        app.upload("zfd1", &case, "selfie", "a.jpg", photo()).await.refused(400, "bad_request");
        app.upload("leader1", &case, "before", "a.jpg", photo()).await.refused(403, "not_allowed");
        assert_eq!(app.files(), Vec::<std::path::PathBuf>::new());
        assert_eq!(app.case(&case).await["version"], version);
    }

    async fn a_case_takes_so_many_files_and_no_more(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await.id;
        for n in 0..ATTACHMENTS_MAX {
            app.upload("zfd1", &case, "before", &format!("{n}.pdf"), format!("%PDF-1.7\n%{n}").into_bytes()).await.expect(201);
        }
        app.upload("zfd1", &case, "before", "more.pdf", b"%PDF-1.7".to_vec()).await.refused(409, "limit");
        assert_eq!(app.files().len(), ATTACHMENTS_MAX, "nothing is left behind of what was refused");
        let listed = app.get("zfd1", &format!("/cases/{case}/attachments")).await;
        assert_eq!(listed.as_array().unwrap().len(), ATTACHMENTS_MAX);
    }

    async fn the_reporter_adds_a_photo_with_number_and_code_only(db: TestDb) {
        let app = TestApp::start(db).await;
        let (case, other) = (app.submit("路灯不亮").await, app.submit("井盖松动").await);
        for code in ["", "2222-2222", &other.code] {
            by_reporter(&app, &case, code, photo()).await.refused(404, "not_found");
        }
        assert_eq!(app.files().len(), 0);
        let stored = by_reporter(&app, &case, &case.code, photo_with_place()).await.expect(201);
        assert_eq!(stored["kind"], "report", "a reporter shows what is reported, whatever was sent");
        let seen = app.get("xlb1", &format!("/cases/{}/attachments", case.id)).await;
        assert_eq!(seen[0]["id"], stored["id"]);
        // Another case of the same reader does not lead to it.
        download(&app, "xlb1", &other.id, stored["id"].as_str().unwrap()).await.refused(404, "not_found");
    }

    async fn a_photo_sent_again_is_the_same_attachment(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await;
        let first = app.upload("zfd1", &case.id, "after", "a.jpg", photo()).await.expect(201);
        assert_eq!(app.upload("zfd1", &case.id, "after", "a.jpg", photo()).await.expect(200), first);
        // Of another kind, or by another, it is another.
        app.upload("zfd1", &case.id, "before", "a.jpg", photo()).await.expect(201);
        by_reporter(&app, &case, &case.code, photo()).await.expect(201);
        by_reporter(&app, &case, &case.code, photo()).await.expect(200);
        assert_eq!(app.get("zfd1", &format!("/cases/{}/attachments", case.id)).await.as_array().unwrap().len(), 3);
        assert_eq!(app.files().len(), 3);
    }

    async fn files_of_a_case_out_of_reach_are_not_there(db: TestDb) {
        let app = TestApp::start(db).await;
        let case = app.verified().await.id;
        let file = app.upload("zfd1", &case, "before", "a.jpg", photo()).await.expect(201)["id"].as_str().unwrap().to_owned();
        for (who, status, code) in [("cgj1", 404, "not_found"), ("c02a", 404, "not_found"), ("", 401, "unauthenticated")] {
            download(&app, who, &case, &file).await.refused(status, code);
            app.call(who, Method::GET, &format!("/cases/{case}/attachments"), None).await.refused(status, code);
            app.upload(who, &case, "before", "b.jpg", photo()).await.refused(status, code);
        }
        assert_eq!(download(&app, "zfd1", &case, &file).await.status, 200);
        download(&app, "zfd1", &case, "not-an-id").await.refused(404, "not_found");
    }
}

//! Documents as the program makes them, and worse: very long texts, tables over pages, pictures, rare characters.

use jiban_office::{
    Align, Block, Cell, Chart, ChartKind, Column, Document, Entry, Language, MastheadStyle, Moment, Picture, Series,
    SignLine, Signature, Table, numbered,
};

/// What a resident may write, some 60 characters.
pub(crate) const TEXT: &str = "群众反映东门街道某小区地下车库长期积水，物业服务企业“多次承诺、一直未办”，影响居民出行安全，请街道办事处予以核实并督促整改（附照片三张）。";
/// The same in English.
pub(crate) const ENGLISH: &str = "A resident reports that the underground garage of an estate in Dongmen has been flooded for weeks; \
     the management company \"promised often and did nothing\", and asks the subdistrict to verify and to see it mended. ";
/// Characters of personal and place names that older fonts lack.
pub(crate) const RARE: &str = "𠮷㙓龘䶮𫚭";

fn entry(label: &str, value: impl Into<String>, wide: bool) -> Entry {
    Entry { label: label.into(), value: value.into(), wide }
}

fn sign(label: &str, name: &str, at: &str) -> SignLine {
    SignLine { label: label.into(), name: name.into(), at: at.into() }
}

/// 《群众诉求处理意见书》 as it usually is: one page.
pub(crate) fn opinion() -> Document {
    let mut document = Document::new(Language::Zh, "群众诉求处理意见书");
    document.subtitle = Some("编号：DM202600001".into());
    document.blocks = vec![
        Block::Form {
            entries: vec![
                entry("诉求人", "张**", false),
                entry("联系电话", "138****0000", false),
                entry("受理时间", "2026年1月5日 09:30", false),
                entry("诉求渠道", "12345热线", false),
                entry("类别", "紧急", false),
                entry("承办单位", "城市管理和综合执法办公室", false),
                entry("发生地点", "东门街道乐园社区湖贝路2号附近", true),
                entry("诉求内容", TEXT, true),
                entry("核实情况", TEXT, true),
                entry("处理意见", format!("{TEXT}\n{TEXT}"), true),
                entry("备注", "", true),
            ],
        },
        Block::Sign {
            entries: vec![
                sign("经办人", "王敏", "2026年1月6日"),
                sign("审核人", "李建国", "2026年1月6日"),
                sign("诉求人签名", "", ""),
            ],
        },
    ];
    document.note = Some("打印：王敏，2026年1月6日 10:21；数据摘要 SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into());
    document
}

/// The same form with texts of thousands of characters, and runs that have no place to break.
pub(crate) fn long_opinion() -> Document {
    let mut document = opinion();
    document.title = "关于东门街道某小区地下车库长期积水影响居民出行安全等有关问题的群众诉求处理意见书".into();
    if let Block::Form { entries } = &mut document.blocks[0] {
        entries[1].value = "0755-12345678转8001、13800000000、abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ".into();
        entries[5].value = "东门街道城市管理和综合执法办公室".repeat(8);
        entries[7].value = TEXT.repeat(60);
        entries[9].value = format!("{}\nhttps://www.example.org/{}", TEXT.repeat(30), "a-long-address/".repeat(20));
    }
    document
}

/// A letter of praise 表扬书 with a red head.
pub(crate) fn letter() -> Document {
    let mut document = Document::new(Language::Zh, "关于表扬东门街道城市管理办公室在接诉即办工作中表现突出的函");
    document.masthead = Some("深圳市罗湖区东门街道办事处".into());
    document.number = Some("东信函〔2026〕1号".into());
    document.addressee = Some("东门街道城市管理办公室".into());
    let heading = |level, number, words| Block::Heading { level, text: numbered(Language::Zh, level, number, words) };
    let paragraph = |text: String| Block::Paragraph { text };
    document.blocks = vec![
        paragraph("2026年上半年，你办共承办群众诉求1715件，按时办结率100%，满意率92.6%，名列前茅。".into()),
        heading(1, 1, "主要做法"),
        heading(2, 1, "快速响应"),
        heading(3, 1, "十分钟内联系"),
        paragraph(TEXT.repeat(2)),
        heading(4, 1, "三十分钟内核实"),
        paragraph(TEXT.repeat(2)),
        heading(2, 2, "依法办理"),
        paragraph(format!("经办人{RARE}同志（网格员A01）认真负责。{TEXT}")),
        heading(1, 2, "希望"),
        Block::List { items: vec!["继续保持；".into(), "举一反三；".into(), TEXT.into()], ordered: true },
        paragraph("望再接再厉，再创佳绩。".into()),
    ];
    document.signature = Some(Signature {
        who: "东门街道信访和群众诉求联络办公室".into(),
        date: "2026年7月1日".into(),
    });
    document
}

/// A letter in English.
pub(crate) fn english() -> Document {
    let mut document =
        Document::new(Language::En, "Reminder on Requests That Were Not Answered Within the Time Promised");
    document.masthead = Some("Dongmen Subdistrict Office, Luohu District, Shenzhen".into());
    document.number = Some("DXH [2026] No. 2".into());
    document.addressee = Some("Urban Management Office".into());
    document.blocks = vec![
        Block::Heading { level: 1, text: numbered(Language::En, 1, 1, "What was found") },
        Block::Paragraph { text: ENGLISH.repeat(4) },
        Block::Heading { level: 2, text: numbered(Language::En, 2, 1, "By category") },
        Block::Paragraph {
            text: "It said: \u{201C}nobody came\u{201D} \u{2014} the grid worker\u{2019}s record says otherwise."
                .into(),
        },
        Block::Table(units(Language::En, 6)),
        chart_block(Language::En, ChartKind::Lines, 6),
    ];
    document.signature = Some(Signature { who: "Liaison Office".into(), date: "1 July 2026".into() });
    document
}

fn column(heading: &str, align: Align) -> Column {
    Column { heading: heading.into(), align }
}

/// A table of units.
pub(crate) fn units(language: Language, rows: usize) -> Table {
    let zh = language == Language::Zh;
    let pick = |chinese: &str, english: &str| if zh { chinese.to_owned() } else { english.to_owned() };
    let row = |index: usize| {
        let share = 1.0 - index as f64 / 400.0;
        let change = if index.is_multiple_of(7) { Cell::Empty } else { Cell::Change(0.4 - index as f64 / 50.0) };
        let what = if zh { TEXT.chars().take(index * 3 % 50).collect() } else { "Explained in writing".to_owned() };
        vec![
            Cell::Text(format!("{}{index}", pick("街道综合行政执法队", "Enforcement team "))),
            Cell::Count(1715 - 13 * index as i64),
            Cell::Share(share),
            change,
            Cell::Number(2.5 + index as f64 / 3.0),
            Cell::Text(what),
        ]
    };
    Table {
        caption: Some(pick("各单位办理情况", "Requests by unit")),
        columns: vec![
            column(&pick("承办单位", "Unit"), Align::Left),
            column(&pick("件数", "Count"), Align::Right),
            column(&pick("满意率", "Satisfied"), Align::Right),
            column(&pick("同比", "Change"), Align::Right),
            column(&pick("平均用时（小时）", "Mean hours"), Align::Right),
            column(&pick("说明", "Remark"), Align::Left),
        ],
        rows: (0..rows).map(row).collect(),
        note: Some(pick("注：件数不含无理诉求和违法诉求。", "Note: without unreasonable and unlawful requests.")),
    }
}

/// A chart with two or three series.
pub(crate) fn chart_block(language: Language, kind: ChartKind, labels: usize) -> Block {
    let zh = language == Language::Zh;
    let names = if zh { ["受理", "办结", "回访满意"] } else { ["Received", "Finished", "Satisfied"] };
    let value = |series: usize, label: usize| {
        let value = 280.0 + 40.0 * ((label * (series + 2)) as f64).sin() - 30.0 * series as f64;
        (!(label + series).is_multiple_of(9)).then_some(value.round())
    };
    let series = names.iter().enumerate().map(|(series, name)| Series {
        name: (*name).into(),
        values: (0..labels).map(|label| value(series, label)).collect(),
    });
    let label = |index: usize| if zh { format!("{}月", index + 1) } else { format!("Month {}", index + 1) };
    let unit = if zh { "件" } else { "requests" };
    Block::Chart {
        caption: if zh { "诉求量变化".into() } else { "How requests went".into() },
        chart: Chart {
            kind,
            labels: (0..labels).map(label).collect(),
            series: series.collect(),
            unit: Some(unit.into()),
        },
    }
}

/// A half-year report: three tables over pages, charts of each kind.
pub(crate) fn report() -> Document {
    let mut document = Document::new(Language::Zh, "东门街道2026年上半年接诉即办工作情况");
    document.masthead = Some("东门街道接诉即办工作简报".into());
    document.masthead_style = MastheadStyle::Bulletin;
    document.number = Some("2026年第12期".into());
    document.subtitle = Some("（2026年1月1日至6月30日）".into());
    let heading = |number, words| Block::Heading { level: 1, text: numbered(Language::Zh, 1, number, words) };
    let long = Block::Chart {
        caption: "各单位办理件数（名称较长）".into(),
        chart: Chart {
            kind: ChartKind::Bars,
            labels: (1..=9).map(|index| format!("东门街道综合行政执法队罗湖片区第{index}中队（湖贝路）")).collect(),
            series: vec![Series {
                name: "件数".into(),
                values: (1..=9).map(|index| Some(f64::from(index * 17))).collect(),
            }],
            unit: Some("件".into()),
        },
    };
    let empty = Chart { kind: ChartKind::Bars, labels: vec![], series: vec![], unit: None };
    let mut second = units(Language::Zh, 60);
    second.caption = Some("各类别办理情况".into());
    let mut wide = units(Language::Zh, 45);
    wide.caption = Some("各月分项情况（十四列）".into());
    wide.columns = (0..14)
        .map(|index| column(&if index == 0 { "单位".into() } else { format!("{index}月件数") }, Align::Right))
        .collect();
    wide.rows = (0..45)
        .map(|row| {
            (0..14)
                .map(|index| if index == 0 { Cell::Text(format!("社区{row}")) } else { Cell::Count(row * 31 + index) })
                .collect()
        })
        .collect();
    document.blocks = vec![
        heading(1, "总体情况"),
        Block::Paragraph { text: format!("上半年共受理诉求1715件。{}", TEXT.repeat(3)) },
        chart_block(Language::Zh, ChartKind::Lines, 12),
        chart_block(Language::Zh, ChartKind::Bars, 6),
        chart_block(Language::Zh, ChartKind::StackedBars, 6),
        chart_block(Language::Zh, ChartKind::Shares, 6),
        long,
        Block::Chart { caption: "没有数据的图".into(), chart: empty },
        heading(2, "分单位情况"),
        Block::Table(units(Language::Zh, 80)),
        heading(3, "分类别情况"),
        Block::Table(second),
        Block::Table(wide),
        Block::PageBreak,
        heading(4, "下一步打算"),
        Block::Paragraph { text: TEXT.into() },
    ];
    document.signature = Some(Signature { who: "联络办".into(), date: "2026年7月1日".into() });
    document.note = Some("数据摘要：SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into());
    document
}

/// A picture made here: a plain one of a size.
fn picture(caption: &str, (width, height): (u32, u32), format: image::ImageFormat) -> Picture {
    let pixels = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 120])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).expect("a picture of a known format can be written");
    Picture { bytes: bytes.into_inner(), href: Some("/api/v1/attachments/1".into()), caption: caption.into() }
}

/// A case sheet 诉求单: form, pictures, a timeline of 60 entries.
pub(crate) fn case_sheet() -> Document {
    let mut document = opinion();
    document.title = "群众诉求办理单".into();
    document.blocks.pop();
    let moment = |index: usize| Moment {
        at: format!("2026-01-{:02} {:02}:{:02}", index / 3 + 1, index % 24, index * 7 % 60),
        who: ["王敏（乐园社区网格员）", "城市管理和综合执法办公室", "系统"][index % 3].into(),
        what: TEXT.chars().take(8 + index * 5 % 60).collect(),
    };
    document.blocks.extend([
        Block::Heading { level: 1, text: "一、照片".into() },
        Block::Pictures {
            pictures: vec![
                picture("办理前：车库入口积水", (640, 480), image::ImageFormat::Jpeg),
                picture(
                    "办理后：积水已清，排水沟已疏通，物业服务企业承诺每周巡查一次并公示结果",
                    (480, 640),
                    image::ImageFormat::Png,
                ),
                picture("现场核实", (800, 300), image::ImageFormat::WebP),
            ],
        },
        Block::Heading { level: 1, text: "二、办理经过".into() },
        Block::Timeline { entries: (0..60).map(moment).collect() },
    ]);
    document
}

/// Every sample by name.
pub(crate) fn all() -> Vec<(&'static str, Document)> {
    vec![
        ("opinion", opinion()),
        ("long-opinion", long_opinion()),
        ("letter", letter()),
        ("english", english()),
        ("report", report()),
        ("case-sheet", case_sheet()),
        ("empty", Document::new(Language::Zh, "")),
    ]
}

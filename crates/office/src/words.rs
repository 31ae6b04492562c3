//! The few words that rendering adds to a document, in both languages. It must never hold words of a case.

use jiban_domain::policy::Language;

/// Words in one language.
pub(crate) struct Words {
    /// Said in place of a chart without figures.
    pub(crate) no_data: &'static str,
    /// Headings of a timeline.
    pub(crate) timeline: [&'static str; 3],
    /// What stands before the date of a signature line.
    pub(crate) date: &'static str,
    /// After a label or an addressee.
    pub(crate) colon: &'static str,
    /// Between things that are listed.
    pub(crate) comma: &'static str,
    /// The language of the text, as browsers and printers name it.
    pub(crate) tag: &'static str,
    /// A sheet without a name.
    pub(crate) sheet: &'static str,
    /// Kinds of charts, for those who do not see them.
    pub(crate) kinds: [&'static str; 4],
}

/// Those of a language.
pub(crate) fn words(language: Language) -> &'static Words {
    match language {
        Language::Zh => &Words {
            no_data: "本期没有数据",
            timeline: ["时间", "经办", "事项"],
            date: "日期",
            colon: "：",
            comma: "、",
            tag: "zh-CN",
            sheet: "表",
            kinds: ["折线图", "柱形图", "堆积柱形图", "百分比图"],
        },
        Language::En => &Words {
            no_data: "No data for this period",
            timeline: ["Time", "Who", "What"],
            date: "Date",
            colon: ": ",
            comma: ", ",
            tag: "en",
            sheet: "Table ",
            kinds: ["Line chart", "Bar chart", "Stacked bar chart", "Chart of shares"],
        },
    }
}

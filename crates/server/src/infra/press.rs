//! The press 印制: documents rendered off the threads that answer, with fonts that are looked for once.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiban_domain::policy::Language;
use jiban_office::{Document, FontError, Fonts, OfficeError};
use jiff::civil::Date;
use serde::Deserialize;
use tokio::sync::OnceCell;
use utoipa::{
    IntoParams, IntoResponses, PartialSchema, ToSchema,
    openapi::{ContentBuilder, RefOr, ResponseBuilder},
};

use super::config::Config;
use crate::http::{
    body::Tongue,
    problem::{Answer, Problem},
};

/// A form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Plain text that people and programs read.
    Md,
    /// A page that stands alone.
    Html,
    /// On paper, in official layout.
    Pdf,
    /// To be edited.
    Docx,
    /// Its tables, to be computed with.
    Xlsx,
}

impl Form {
    /// How its files' names end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
        }
    }

    /// What is asked of whoever named none.
    pub fn missing() -> Problem {
        Problem::field("form", "md, html, pdf, docx or xlsx", "应为 md、html、pdf、docx 或 xlsx")
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Md => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// A document as a file, for the description of the interface: in whichever form was asked for.
#[derive(Debug)]
pub struct DocumentFile;

impl IntoResponses for DocumentFile {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let bytes = || ContentBuilder::new().schema(Some(Vec::<u8>::schema())).build();
        let forms = [Form::Md, Form::Html, Form::Pdf, Form::Docx, Form::Xlsx];
        let file = ResponseBuilder::new().description("The file");
        let file = forms.into_iter().fold(file, |file, form| file.content(form.media_type(), bytes()));
        BTreeMap::from([("200".to_owned(), file.build().into())])
    }
}

/// How a document is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct How {
    /// Language of the document.
    #[serde(default)]
    #[param(inline)]
    pub language: Tongue,
    /// Form of the file, where a file is asked for.
    #[param(inline)]
    pub form: Option<Form>,
}

/// The charts of a document drawn, as SVG, in the order in which they stand in it: for a page that shows it.
pub fn charts(document: &Document) -> Vec<String> {
    let charts = document.blocks.iter().filter_map(|block| match block {
        jiban_office::Block::Chart { chart, .. } => Some(chart.svg(document.language)),
        _ => None,
    });
    charts.collect()
}

/// A date as it stands on paper 成文日期: 2026年1月5日, 5 January 2026.
pub fn full_date(language: Language, date: Date) -> String {
    date.strftime(language.pick("%Y年%-m月%-d日", "%-d %B %Y")).to_string()
}

/// Looks for fonts in the folder of the settings, if there is one, then in those of the system. It takes half a second.
///
/// # Errors
/// [`FontError`], which names the package and the setting that help.
pub fn find(folder: &str) -> Result<Fonts, FontError> {
    Fonts::find(Some(Path::new(folder)).filter(|_| !folder.is_empty()))
}

/// Renders documents.
#[derive(Debug, Default)]
pub struct Press {
    folder: String,
    fonts: OnceCell<Arc<Fonts>>,
}

impl Press {
    /// By the settings; no font is looked for before the first document.
    pub fn new(config: &Config) -> Self {
        Self { folder: config.documents.fonts.clone(), fonts: OnceCell::new() }
    }

    async fn fonts(&self) -> Answer<Arc<Fonts>> {
        let found = || async {
            let folder = self.folder.clone();
            let look = move || find(&folder).map(Arc::new);
            tokio::task::spawn_blocking(look).await.map_err(Problem::internal)?.map_err(|why| {
                tracing::error!(%why, "no fonts for documents");
                let zh = "没有可用的中文字体，无法生成文件；请管理员安装字体包 fonts-noto-cjk，或在设置 documents.fonts 中指定字体文件夹";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_fonts", why.to_string(), zh)
            })
        };
        self.fonts.get_or_try_init(found).await.cloned()
    }

    /// The document in this form.
    ///
    /// # Errors
    /// No fonts; a character that no font has; a fault of ours.
    pub async fn render(&self, mut document: Document, form: Form) -> Answer<Vec<u8>> {
        let fonts = match form {
            Form::Pdf | Form::Docx => Some(self.fonts().await?),
            Form::Md | Form::Html | Form::Xlsx => None,
        };
        // A resident's emoji must not keep a form from being printed.
        if let Some(fonts) = &fonts {
            document.spell_out(fonts);
        }
        let render = move || match (form, &fonts) {
            (Form::Pdf, Some(fonts)) => jiban_office::pdf(&document, fonts),
            (Form::Docx, Some(fonts)) => jiban_office::docx(&document, fonts),
            (Form::Xlsx, _) => jiban_office::xlsx(&document),
            (Form::Md, _) => Ok(jiban_office::markdown(&document).into_bytes()),
            _ => Ok(jiban_office::page(&document, LOOK).into_bytes()),
        };
        tokio::task::spawn_blocking(render).await.map_err(Problem::internal)?.map_err(refused)
    }

    /// The document as a file to keep. `name` is its name without ending.
    ///
    /// # Errors
    /// As for [`Self::render`].
    pub async fn file(&self, document: Document, form: Form, name: &str) -> Answer<Response> {
        let bytes = self.render(document, form).await?;
        let mut response = bytes.into_response();
        let named = format!("attachment; filename=\"{name}.{}\"", form.extension());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&named).map_err(Problem::internal)?);
        Ok(response)
    }
}

fn refused(why: OfficeError) -> Problem {
    let (code, zh) = match &why {
        OfficeError::Glyph(glyph) => ("glyph", format!("字体中没有字符“{glyph}”，请管理员安装含有该字的字体")),
        OfficeError::NoTable => ("no_table", "这份文件没有表格，不能生成电子表格".to_owned()),
        OfficeError::Picture { number, .. } => ("picture", format!("第 {number} 张图片无法读取")),
        OfficeError::Pictures(count) => ("pictures", format!("图片过多（{count} 张）")),
        _ => return Problem::internal(why),
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, why.to_string(), zh)
}

/// What a page that stands alone looks like.
const LOOK: &str = include_str!("press.css");

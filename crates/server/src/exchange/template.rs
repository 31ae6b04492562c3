//! A template 模板: an empty table with every column that can be brought in, and the mapping that goes with it.
//!
//! Whoever fills it in needs no mapping of their own: the program knows its headings in both languages.

use jiban_domain::{
    organisation::Organisation,
    policy::{Language, Policy},
};

use super::{
    ExchangeError,
    columns::{Column, to_bring_in},
    mapping::{Field, Mapping},
    sheet::Sheet,
};

/// Source named in the mapping of a template.
pub const SOURCE: &str = "table";

/// The mapping of the template, as TOML.
pub fn mapping(policy: &Policy, language: Language, source: &str) -> String {
    let mut text = format!(
        "# Which column means what 对照表. Each field: column = \"…\" or constant = \"…\"; see docs/import.md.\n\
         source = \"{source}\"\ntime_zone = \"{}\"\n",
        policy.time_zone
    );
    let mut section = "";
    for column in to_bring_in(policy) {
        let Some((part, key)) = column.key() else { continue };
        if part != section {
            text.push_str(&format!("\n[{part}]\n"));
            section = part;
        }
        let needed = matches!(column, Column::Field(field) if Field::NEEDED.contains(&field));
        let optional = if needed { "" } else { ", optional = true" };
        text.push_str(&format!("{key} = {{ column = \"{}\"{optional} }}\n", column.heading(language)));
    }
    text
}

/// The mapping of the template whose headings these are; none where they are another table's.
///
/// # Errors
/// When a policy's names do not fit into a mapping.
pub fn recognise(policy: &Policy, headings: &[String], source: &str) -> Result<Option<Mapping>, ExchangeError> {
    for language in [Language::Zh, Language::En] {
        let needed = Field::NEEDED.map(|field| Column::Field(field).heading(language));
        if needed.iter().all(|name| headings.contains(name)) {
            let parsed = Mapping::parse(&mapping(policy, language, source)).map_err(ExchangeError::Mapping)?;
            return Ok(Some(parsed));
        }
    }
    Ok(None)
}

/// Writes the template; an XLSX has a second sheet with the codes that may stand in it.
///
/// # Errors
/// When the file cannot be written.
pub fn write(
    path: &std::path::Path,
    policy: &Policy,
    organisation: &Organisation,
    language: Language,
) -> Result<(), ExchangeError> {
    let headings = to_bring_in(policy).iter().map(|column| column.heading(language)).collect();
    let mut sheet = Sheet::create(path, headings)?;
    let pick = |zh: &str, en: &str| language.pick(zh, en).to_owned();
    let name = |name: &jiban_domain::policy::Name| pick(&name.zh, &name.en);
    let mut rows = Vec::new();
    let mut add = |what: Field, code: &str, name: String| {
        rows.push(vec![Column::Field(what).heading(language), code.to_owned(), name]);
    };
    for (id, channel) in &policy.channels {
        add(Field::Channel, id.as_str(), name(&channel.name));
    }
    for class in &policy.classes {
        add(Field::Class, class.id.as_str(), name(&class.name));
    }
    for (id, category) in &policy.categories {
        add(Field::Category, id.as_str(), name(&category.name));
    }
    for (field, reasons) in [
        (Field::UnsolvedBecause, &policy.follow_up.unsolved_reasons),
        (Field::UnsatisfiedBecause, &policy.follow_up.unsatisfied_reasons),
        (Field::WhistleOutcome, &policy.whistle.outcomes),
        (Field::Declined, &policy.closing.decline_reasons),
        (Field::Excluded, &policy.assessment.exclude_reasons),
    ] {
        for (code, reason) in reasons {
            add(field, code, name(reason));
        }
    }
    for unit in organisation.units() {
        add(Field::LeadUnit, unit.id.as_str(), name(&unit.name));
    }
    let headings = [pick("列", "column"), pick("代码", "code"), pick("名称", "name")];
    sheet.notes(&pick("代码表", "codes"), &headings, &rows)?;
    sheet.finish()
}

//! Checking a filled-in form 表单 against the policy's fields.

use std::collections::BTreeMap;

use crate::{
    policy::{Field, FieldKind, Form},
    refusal::Refusal,
};

/// Every required field is there, every value is of its kind, nothing else is.
pub(super) fn check(form: &Form, values: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if let Some(stranger) = values.keys().find(|id| !form.fields.iter().any(|field| field.id == **id)) {
        return Err(Refusal::invalid(
            format!("values.{}", stranger.chars().take(80).collect::<String>()),
            format!("no such field in {}", form.name.en),
            format!("{}没有这一栏", form.name.zh),
        ));
    }
    form.fields.iter().try_for_each(|field| check_field(field, values.get(&field.id).map_or("", |v| v.trim())))
}

fn check_field(field: &Field, value: &str) -> Result<(), Refusal> {
    let fault = |en: String, zh: String| Err(Refusal::invalid(format!("values.{}", field.id), en, zh));
    if value.is_empty() {
        return if field.required {
            fault(format!("'{}' must be filled in", field.name.en), format!("「{}」必须填写", field.name.zh))
        } else {
            Ok(())
        };
    }
    if value.chars().count() > field.max_chars as usize {
        let max = field.max_chars;
        return fault(format!("at most {max} characters"), format!("「{}」最多 {max} 个字", field.name.zh));
    }
    match &field.kind {
        FieldKind::Text => Ok(()),
        FieldKind::YesNo if matches!(value, "true" | "false") => Ok(()),
        FieldKind::YesNo => fault("'true' or 'false'".into(), format!("「{}」应为 true 或 false", field.name.zh)),
        FieldKind::Choice(choices) if choices.contains_key(value) => Ok(()),
        FieldKind::Choice(choices) => {
            let codes = choices.keys().cloned().collect::<Vec<_>>().join(", ");
            fault(format!("one of {codes}"), format!("「{}」应为其中之一：{codes}", field.name.zh))
        }
        FieldKind::Date if value.parse::<jiff::civil::Date>().is_ok() => Ok(()),
        FieldKind::Date => {
            fault("a date such as 2026-06-08".into(), format!("「{}」应为日期，如 2026-06-08", field.name.zh))
        }
    }
}

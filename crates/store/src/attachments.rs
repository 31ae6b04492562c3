//! What is known of photos and files on cases. The bytes themselves lie in [`crate::blobs`], under the attachment's id.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// A photo or file on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRow {
    /// Its id.
    pub id: Uuid,
    /// The case.
    pub case_id: Uuid,
    /// Name of the file.
    pub name: String,
    /// Media type, as found by content.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: i64,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// Width in pixels, of a picture.
    pub width: Option<i64>,
    /// Height in pixels, of a picture.
    pub height: Option<i64>,
    /// What it shows: `report`, `before`, `after`, `evidence`, `signature`.
    pub kind: String,
    /// Who added it.
    pub by_actor: String,
    /// When.
    pub at: Timestamp,
}

const COLUMNS: &str = "id, case_id, name, media_type, bytes, sha256, width, height, kind, by_actor, at";

impl AttachmentRow {
    /// Whether it is somebody's signature, which tells who they are.
    pub fn is_signature(&self) -> bool {
        self.kind == "signature"
    }

    fn read(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            case_id: row.get(1)?,
            name: row.take(2)?,
            media_type: row.take(3)?,
            bytes: row.get(4)?,
            sha256: row.get(5)?,
            width: row.get(6)?,
            height: row.get(7)?,
            kind: row.take(8)?,
            by_actor: row.take(9)?,
            at: row.get(10)?,
        })
    }
}

/// Notes an attachment of a case. Put its bytes first.
///
/// # Errors
/// [`StoreError::Other`] when there is no such case, [`StoreError::Conflict`] when the id is taken.
pub fn put(tx: &mut WriteTx<'_>, attachment: &AttachmentRow) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO attachments (tenant_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    );
    let (tenant, a) = (tx.tenant(), attachment);
    let mut params = params![tenant, a.id, a.case_id, &a.name, &a.media_type, a.bytes, a.sha256, a.width, a.height];
    params.extend(params![&a.kind, &a.by_actor, a.at]);
    tx.execute(&sql, params)
}

/// The attachments of a case, oldest first.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut ReadTx<'_>, case_id: Uuid) -> Result<Vec<AttachmentRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM attachments WHERE tenant_id = ?1 AND case_id = ?2 ORDER BY id");
    let params = params![tx.tenant(), case_id];
    tx.query(&sql, params)?.into_iter().map(AttachmentRow::read).collect()
}

/// One attachment of a case.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &mut ReadTx<'_>, case_id: Uuid, id: Uuid) -> Result<Option<AttachmentRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM attachments WHERE tenant_id = ?1 AND case_id = ?2 AND id = ?3");
    let params = params![tx.tenant(), case_id, id];
    tx.query_one(&sql, params)?.map(AttachmentRow::read).transpose()
}

//! The bytes of photos and files: in a folder, or in a bucket of an S3-compatible store.
//!
//! A blob is written before the row that names it and never changed afterwards; one that no row names is waste, one that
//! is named and missing is a loss. Names are ours, never a user's.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use object_store::{
    ObjectStore, ObjectStoreExt, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
};
use uuid::Uuid;

use crate::error::StoreError;

/// How long a bucket that fails is tried again.
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);

/// Where blobs lie.
#[derive(Clone)]
pub enum BlobConfig {
    /// A folder; made if it is not there.
    Folder(PathBuf),
    /// A bucket.
    S3 {
        /// Address of the service, such as `https://s3.example.org`.
        endpoint: String,
        /// Region; S3-compatible stores mostly take `us-east-1`.
        region: String,
        /// Bucket; it must exist.
        bucket: String,
        /// Access key.
        access_key: String,
        /// Secret key.
        secret_key: String,
    },
}

impl fmt::Debug for BlobConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => f.debug_tuple("Folder").field(folder).finish(),
            Self::S3 { endpoint, bucket, .. } => {
                f.debug_struct("S3").field("endpoint", endpoint).field("bucket", bucket).finish_non_exhaustive()
            }
        }
    }
}

/// The name of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobName(Path);

impl BlobName {
    /// The bytes of an attachment; `variant` tells renderings of one photo apart (`full`, `thumb`): 1 to 32 of a–z.
    ///
    /// # Errors
    /// [`StoreError::Other`] when the variant is anything else.
    pub fn attachment(tenant: i64, case_id: Uuid, id: Uuid, variant: &str) -> Result<Self, StoreError> {
        let plain = (1..=32).contains(&variant.len()) && variant.bytes().all(|b| b.is_ascii_lowercase());
        if !plain {
            return Err(StoreError::other("a rendering's name is 1 to 32 of the letters a to z"));
        }
        Ok(Self(Path::from(format!("{tenant}/cases/{case_id}/{id}.{variant}"))))
    }

    /// The bytes of what belongs to a work.
    pub fn of_work(tenant: i64, work: Uuid, id: Uuid) -> Self {
        Self(Path::from(format!("{tenant}/works/{work}/{id}")))
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// All blobs. Clones share the same place.
#[derive(Debug, Clone)]
pub struct Blobs(Arc<dyn ObjectStore>);

impl Blobs {
    /// Opens the place.
    ///
    /// # Errors
    /// [`StoreError::Files`] when the folder cannot be made or the bucket's settings cannot be used. The bucket
    /// itself is only reached by the first call.
    pub fn open(config: &BlobConfig) -> Result<Self, StoreError> {
        match config {
            BlobConfig::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .map_err(|error| StoreError::files(format!("{}: {error}", folder.display())))?;
                let local = LocalFileSystem::new_with_prefix(folder).map_err(failed)?.with_fsync(true);
                Ok(Self(Arc::new(local)))
            }
            BlobConfig::S3 { endpoint, region, bucket, access_key, secret_key } => {
                // Somebody else may have installed it already: then all is well.
                drop(rustls::crypto::ring::default_provider().install_default());
                let retry = RetryConfig { max_retries: 3, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
                let bucket = AmazonS3Builder::new()
                    .with_retry(retry)
                    .with_endpoint(endpoint)
                    .with_region(region)
                    .with_bucket_name(bucket)
                    .with_access_key_id(access_key)
                    .with_secret_access_key(secret_key)
                    .with_allow_http(endpoint.starts_with("http://"))
                    // One at a time, as every S3-compatible service can, and with an answer for that one.
                    .with_disable_bulk_delete(true)
                    .build();
                Ok(Self(Arc::new(bucket.map_err(failed)?)))
            }
        }
    }

    /// Whether the place answers and lets us in: writes a blob of no use and removes it.
    ///
    /// # Errors
    /// [`StoreError::Files`] saying what to look at.
    pub async fn check(&self) -> Result<(), StoreError> {
        let name = BlobName(Path::from("check"));
        self.put(&name, Bytes::from_static(b"jiban")).await?;
        self.remove(&name).await
    }

    /// Writes a blob; it is on disk, or in the bucket, when this returns.
    ///
    /// # Errors
    /// [`StoreError::Files`] when the place fails.
    pub async fn put(&self, name: &BlobName, bytes: Bytes) -> Result<(), StoreError> {
        self.0.put(&name.0, bytes.into()).await.map(drop).map_err(failed)
    }

    /// Reads a blob; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Files`] when the place fails.
    pub async fn get(&self, name: &BlobName) -> Result<Option<Bytes>, StoreError> {
        match self.0.get(&name.0).await {
            Ok(found) => found.bytes().await.map(Some).map_err(failed),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes a blob; one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Files`] when the place fails.
    pub async fn remove(&self, name: &BlobName) -> Result<(), StoreError> {
        match self.0.delete(&name.0).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

fn failed(error: object_store::Error) -> StoreError {
    match error {
        // The answers quote the access key.
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            StoreError::files("the bucket refuses our keys; check bucket, key and secret in the settings")
        }
        object_store::Error::NotFound { .. } => {
            StoreError::files("there is no such bucket; check endpoint and bucket in the settings")
        }
        error => StoreError::files(error.to_string()),
    }
}

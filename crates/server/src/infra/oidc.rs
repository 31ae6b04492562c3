//! Single sign-on 统一身份认证: OpenID Connect, authorization code with PKCE, against one provider.
//!
//! What the provider says of itself and its keys are asked once an hour, and again when a token does not verify. Nothing
//! here knows accounts: it tells who the provider says somebody is. What lies between leaving and coming back is the
//! caller's to keep sealed.

use std::time::{Duration, Instant};

use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
    core::{CoreClient, CoreIdTokenClaims, CoreProviderMetadata, CoreResponseType},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{config::Config, outward};

/// Path to which the provider sends people back.
pub const CALLBACK: &str = "/api/v1/sessions/oidc/callback";
/// What the provider says of itself holds for so long.
const METADATA_MAX_AGE: Duration = Duration::from_secs(3_600);
/// Longest answer of a provider, bytes.
const ANSWER_MAX: usize = 1024 * 1024;

/// Why single sign-on did not come about.
#[derive(Debug, thiserror::Error)]
pub enum SignOnError {
    /// The settings are not what they should be.
    #[error("[oidc] {0}")]
    Setting(String),
    /// The provider does not answer, or not as a provider does.
    #[error("the provider: {0}")]
    Provider(String),
    /// The provider's word cannot be believed.
    #[error("the token: {0}")]
    Token(String),
}

/// What must be known again when somebody comes back.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pending {
    /// Ties the answer to the question.
    pub state: String,
    nonce: String,
    verifier: String,
}

/// Who somebody is, by the provider's word.
#[derive(Debug)]
pub struct Known {
    /// The provider's name for them: never changes, never given to another.
    pub subject: String,
    /// The name that they sign in with there, where it is told.
    pub username: Option<String>,
}

/// The provider of one installation.
#[derive(Debug)]
pub struct SignOn {
    issuer: IssuerUrl,
    id: ClientId,
    secret: ClientSecret,
    back: RedirectUrl,
    known: Mutex<Option<(Instant, CoreProviderMetadata)>>,
}

impl SignOn {
    /// The provider of these settings; none where none is set.
    ///
    /// # Errors
    /// When an address is none.
    pub fn of(config: &Config) -> Result<Option<Self>, SignOnError> {
        let Some(oidc) = &config.oidc else { return Ok(None) };
        let address = |name: &'static str| move |why| SignOnError::Setting(format!("{name} is no address: {why}"));
        let back = format!("{}{CALLBACK}", config.server.public_url.trim_end_matches('/'));
        Ok(Some(Self {
            issuer: IssuerUrl::new(oidc.issuer.clone()).map_err(address("issuer"))?,
            id: ClientId::new(oidc.client_id.clone()),
            secret: ClientSecret::new(oidc.client_secret.clone()),
            back: RedirectUrl::new(back).map_err(address("server.public_url"))?,
            known: Mutex::default(),
        }))
    }

    /// Where to send somebody to sign in, and what to keep until they come back.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn leave(&self) -> Result<(String, Pending), SignOnError> {
        let client = CoreClient::from_provider_metadata(self.metadata(false).await?, self.id.clone(), None)
            .set_redirect_uri(self.back.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (address, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let (state, nonce, verifier) = (state.into_secret(), nonce.secret().clone(), verifier.into_secret());
        Ok((address.into(), Pending { state, nonce, verifier }))
    }

    /// Who came back with this code.
    ///
    /// # Errors
    /// When the provider does not answer, refuses the code, or its token does not verify.
    pub async fn come_back(&self, code: String, pending: Pending) -> Result<Known, SignOnError> {
        let client = async |fresh| {
            let metadata = self.metadata(fresh).await?;
            let client = CoreClient::from_provider_metadata(metadata, self.id.clone(), Some(self.secret.clone()));
            Ok::<_, SignOnError>(client.set_redirect_uri(self.back.clone()))
        };
        let present = client(false).await?;
        let told = present
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|why| SignOnError::Provider(why.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier))
            .request_async(&speak)
            .await
            .map_err(|why| SignOnError::Token(why.to_string()))?;
        let token = told.id_token().ok_or_else(|| SignOnError::Token("there is none".to_owned()))?;
        let nonce = Nonce::new(pending.nonce);
        match token.claims(&present.id_token_verifier(), &nonce) {
            Ok(claims) => Ok(known(claims)),
            // The provider may have changed its keys since we asked.
            Err(_) => {
                let renewed = client(true).await?;
                let claims = token.claims(&renewed.id_token_verifier(), &nonce);
                claims.map(known).map_err(|why| SignOnError::Token(why.to_string()))
            }
        }
    }

    async fn metadata(&self, fresh: bool) -> Result<CoreProviderMetadata, SignOnError> {
        let mut known = self.known.lock().await;
        if let Some((asked, metadata)) = &*known
            && !fresh
            && asked.elapsed() < METADATA_MAX_AGE
        {
            return Ok(metadata.clone());
        }
        let told = CoreProviderMetadata::discover_async(self.issuer.clone(), &speak).await;
        let told = told.map_err(|why| SignOnError::Provider(why.to_string()))?;
        *known = Some((Instant::now(), told.clone()));
        Ok(told)
    }
}

fn known(claims: &CoreIdTokenClaims) -> Known {
    Known { subject: claims.subject().to_string(), username: claims.preferred_username().map(|name| name.to_string()) }
}

/// Speaking to the provider failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Silence(String);

/// One exchange with the provider, by the program's own client.
async fn speak(asked: HttpRequest) -> Result<HttpResponse, Silence> {
    let told = |why: &dyn std::fmt::Display| Silence(why.to_string());
    let asked = reqwest::Request::try_from(asked).map_err(|why| told(&why))?;
    let client = outward::client().map_err(Silence)?;
    let mut answer = client.execute(asked).await.map_err(|why| told(&why))?;
    let mut body = Vec::new();
    while let Some(more) = answer.chunk().await.map_err(|why| told(&why))? {
        if body.len() + more.len() > ANSWER_MAX {
            return Err(Silence(format!("its answer is longer than {ANSWER_MAX} bytes")));
        }
        body.extend_from_slice(&more);
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

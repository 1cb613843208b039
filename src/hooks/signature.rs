//! Signatures as the Standard Webhooks describe them: HMAC-SHA256 over identifier, time and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::base::Timestamp;

/// What secrets begin with, and how many bytes follow.
const PREFIX: &str = "whsec_";
const BYTES: usize = 32;

/// How far the time of a call may be from ours, in seconds.
const WINDOW: i64 = 5 * 60;

/// The headers that a signed call carries.
pub const ID: &str = "webhook-id";
/// When it was signed, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// `v1,` and the signature in base64; several with spaces between them.
pub const SIGNATURE: &str = "webhook-signature";

/// A secret of random bytes.
pub(super) fn secret(bytes: [u8; BYTES]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// The signature of a call.
pub fn sign(secret: &str, id: &str, at: Timestamp, body: &[u8]) -> String {
    let seconds = at.as_micros() / 1_000_000;
    let bytes = mac(secret, id, &seconds.to_string(), body).finalize().into_bytes();
    format!("v1,{}", STANDARD.encode(bytes))
}

/// Says what is wrong with a call; nothing if it is signed, and lately.
pub fn verify(
    secret: &str,
    (id, timestamp, signatures): (&str, &str, &str),
    body: &[u8],
    now: Timestamp,
) -> Result<(), &'static str> {
    let Ok(seconds) = timestamp.parse::<i64>() else {
        return Err("webhook-timestamp is not a number of seconds since 1970");
    };
    if (now.as_micros() / 1_000_000).abs_diff(seconds) > WINDOW.unsigned_abs() {
        return Err("webhook-timestamp is more than five minutes from now; sign the call anew");
    }
    let fits = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|one| {
        // The comparison takes the same time for all signatures.
        STANDARD.decode(one).is_ok_and(|one| mac(secret, id, timestamp, body).verify_slice(&one).is_ok())
    });
    match fits {
        true => Ok(()),
        false => Err("webhook-signature does not fit the body; is the secret the one of this hook?"),
    }
}

fn mac(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let bytes = secret.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.unwrap_or_else(|| secret.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).expect("HMAC takes keys of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // The example of standardwebhooks.com.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let (id, at) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp::from_micros(1_614_265_330_000_000));
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(secret, id, at, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(verify(secret, (id, "1614265330", &format!("v1,AAAA {signed}")), body, at), Ok(()));
        for (id, body) in [("msg_other", &body[..]), (id, &b"{}"[..])] {
            assert!(verify(secret, (id, "1614265330", &signed), body, at).is_err());
        }
        let late = at.after(std::time::Duration::from_secs(301));
        let refused = verify(secret, (id, "1614265330", &signed), body, late).expect_err("it is old");
        assert!(refused.contains("five minutes"));
        assert!(verify(secret, (id, "soon", &signed), body, at).is_err());
    }
}

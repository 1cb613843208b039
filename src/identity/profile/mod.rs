//! One's own profile: name, colour, picture, language, password, and where one is signed in.

mod routes;

pub(super) use routes::routes;

use crate::base::{FileId, SessionId, StaffId};
use crate::identity::{Error, OpenSession, ProfileChange, Staff, get_staff, store};
use crate::ports::bus::{News, Revoked};
use crate::ports::{Cx, Tx};

/// Changes one's own name, colour or language.
pub async fn change_profile(
    cx: &Cx,
    tx: &mut Tx,
    me: StaffId,
    change: ProfileChange,
) -> Result<Staff, Error> {
    let staff = change.apply(get_staff(cx, tx, me).await?)?;
    store::update_staff(tx, cx.workspace, &staff).await?;
    Ok(staff)
}

/// Sets one's own picture, or takes it away. The caller has checked that the file is a picture.
pub async fn set_picture(cx: &Cx, tx: &mut Tx, me: StaffId, picture: Option<FileId>) -> Result<Staff, Error> {
    store::set_picture(tx, cx.workspace, me, picture).await?;
    get_staff(cx, tx, me).await
}

/// Where one is signed in, newest first.
pub async fn open_sessions(
    cx: &Cx,
    tx: &mut Tx,
    me: StaffId,
    here: SessionId,
) -> Result<Vec<OpenSession>, Error> {
    Ok(store::open_sessions(tx, cx.workspace, me, here, cx.now).await?)
}

/// Ends one of one's own sessions and cuts its sockets.
pub async fn end_own_session(cx: &Cx, tx: &mut Tx, me: StaffId, id: SessionId) -> Result<(), Error> {
    if !store::end_own_session(tx, cx.workspace, me, id).await? {
        return Err(Error::NotFound);
    }
    tx.tell(cx.workspace, News::Revoked(Revoked::Session(id)));
    Ok(())
}

/// Sets a password, `checked` being the hash of the present one, and ends all other sessions.
pub async fn change_password(
    cx: &Cx,
    tx: &mut Tx,
    (me, here): (StaffId, SessionId),
    (checked, hash): (&str, &str),
) -> Result<(), Error> {
    if !store::set_password(tx, cx.workspace, me, (checked, hash)).await? {
        return Err(Error::WrongPassword);
    }
    for session in store::open_sessions(tx, cx.workspace, me, here, cx.now).await? {
        if !session.here {
            end_own_session(cx, tx, me, session.id).await?;
        }
    }
    Ok(())
}

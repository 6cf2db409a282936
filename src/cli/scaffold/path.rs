//! How a new crate's manifest names the checkout of Greenroom.

use std::io;
use std::path::{Component, Path};

/// `to` as seen from `from`, in the syntax of a TOML string: relative where the two have more in
/// common than the root, so that both can be moved together; else as it is. Both are canonical.
pub(super) fn for_manifest(from: &Path, to: &Path) -> io::Result<String> {
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other);
    let common = common.count();
    let shares = to.components().take(common).any(|part| matches!(part, Component::Normal(_)));
    let path = match shares {
        true => {
            let up = from.components().skip(common).map(|_| Component::ParentDir);
            up.chain(to.components().skip(common)).collect()
        }
        false => to.to_owned(),
    };
    let text = path.to_str().filter(|text| !text.contains(char::is_control)).ok_or_else(|| {
        let shown = path.display();
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the path {shown} of Greenroom cannot be written into a manifest"),
        )
    })?;
    // Backslashes separate on Windows alone, where cargo takes slashes too.
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.replace('\\', "\\\\") };
    Ok(text.replace('"', "\\\""))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_named_from_the_crate_where_they_share_a_directory() {
        let path = |from: &str, to: &str| for_manifest(Path::new(from), Path::new(to)).unwrap();
        assert_eq!(path("/home/me/tag", "/home/me/greenroom"), "../greenroom");
        assert_eq!(path("/home/me/games/tag", "/home/me/greenroom"), "../../greenroom");
        assert_eq!(path("/home/me/greenroom/mine/tag", "/home/me/greenroom"), "../..");
        assert_eq!(path("/tmp/tag", "/home/me/greenroom"), "/home/me/greenroom");
        assert_eq!(path("/tmp/tag", "/home/my \"own\"/g"), "/home/my \\\"own\\\"/g");
        assert!(for_manifest(Path::new("/tmp/tag"), Path::new("/home/a\nb")).is_err());
    }
}

//! `#[derive(Message)]`: the greatest size of a message's bytes, and their form.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, LitStr, Member, Meta, Path, Result, Token,
};

use crate::types;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let proto = proto_path(&input.attrs)?;
    check_serde(&input.attrs, &CONTAINER)?;
    let name = input.ident.unraw().to_string();
    let (bytes, shape) = match &input.data {
        Data::Struct(data) => fields(&proto, &data.fields, &name)?,
        Data::Enum(data) => {
            let mut most = quote!(0usize);
            let mut shapes = TokenStream::new();
            for variant in &data.variants {
                check_serde(&variant.attrs, &VARIANT)?;
                let (bytes, shape) = fields(&proto, &variant.fields, "")?;
                let name = variant.ident.unraw().to_string();
                most = quote!(#proto::message::greater(#most, #bytes));
                shapes.extend(quote!((#name, #shape),));
            }
            let number = match data.variants.len().checked_sub(1) {
                Some(last) => quote!(#proto::message::varint_bytes(#last)),
                None => quote!(0usize),
            };
            (
                quote!(#number.saturating_add(#most)),
                quote!(#proto::Shape::enumeration(#name, [#shapes])),
            )
        }
        Data::Union(data) => {
            return Err(Error::new(data.union_token.span, "a union cannot be sent: use an enum"));
        }
    };
    let body = quote! {
        const BYTES_MAX: usize = #bytes;
        fn shape() -> #proto::Shape { #shape }
    };
    Ok(crate::implement(input, &quote!(#proto::Message), &body))
}

/// Bytes and shape of fields, those of a struct called `name`.
fn fields(proto: &Path, fields: &Fields, name: &str) -> Result<(TokenStream, TokenStream)> {
    let mut sent: Vec<(Member, &Field)> = Vec::new();
    for (member, field) in fields.members().zip(fields) {
        if check_serde(&field.attrs, &FIELD)? {
            types::refuse(&field.ty, false)?;
            sent.push((member, field));
        }
    }
    let message = |field: &Field| {
        let of = &field.ty;
        quote::quote_spanned!(of.span()=> <#of as #proto::Message>)
    };
    let sizes = sent.iter().map(|(_, field)| message(field));
    let bytes = quote!(0usize #(.saturating_add(#sizes::BYTES_MAX))*);
    let mut shapes = sent.iter().map(|(_, field)| {
        let message = message(field);
        quote!(#message::shape())
    });
    let shape = match fields {
        Fields::Named(_) => {
            let names = sent.iter().map(|(member, _)| match member {
                Member::Named(name) => name.unraw().to_string(),
                Member::Unnamed(index) => index.index.to_string(),
            });
            quote!(#proto::Shape::structure(#name, [#((#names, #shapes)),*]))
        }
        Fields::Unnamed(_) if sent.len() == 1 && fields.len() == 1 => {
            shapes.next().unwrap_or_default()
        }
        Fields::Unnamed(_) => quote!(#proto::Shape::Tuple(::std::vec![#(#shapes),*])),
        Fields::Unit => quote!(#proto::Shape::Unit),
    };
    Ok((bytes, shape))
}

fn proto_path(attributes: &[Attribute]) -> Result<Path> {
    let mut path = crate::default_path();
    for attribute in attributes {
        let own = attribute.path().is_ident("message");
        if !own && !attribute.path().is_ident("sync") {
            continue;
        }
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                path = meta.value()?.parse::<LitStr>()?.parse()?;
            } else if own {
                return Err(meta.error("above a type, `message` knows `crate = \"path\"`"));
            } else {
                // Meant for Replicate.
                let _: Option<syn::Expr> = meta.value().and_then(|value| value.parse()).ok();
            }
            Ok(())
        })?;
    }
    Ok(path)
}

/// What serde may be told without another form of the bytes.
const CONTAINER: [&str; 9] = [
    "rename",
    "rename_all",
    "rename_all_fields",
    "deny_unknown_fields",
    "default",
    "bound",
    "crate",
    "expecting",
    "transparent",
];
const VARIANT: [&str; 4] = ["rename", "rename_all", "alias", "bound"];
const FIELD: [&str; 5] = ["rename", "alias", "default", "bound", "skip"];

/// Refuses what serde is told that makes the bytes other than the shape says. Returns whether the
/// field is in the bytes.
fn check_serde(attributes: &[Attribute], known: &[&str]) -> Result<bool> {
    let mut sent = true;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
            if !known.iter().any(|known| meta.path().is_ident(known)) {
                return Err(Error::new(
                    meta.span(),
                    "this makes serde write other bytes than the type tells: a message cannot \
                     have it",
                ));
            }
            sent &= !meta.path().is_ident("skip");
        }
    }
    Ok(sent)
}

//! A struct: its fields one after the other.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, Fields, Ident, Member, Result};

use crate::attributes::{FieldSync, TypeSync};
use crate::field::{self, Access, FieldCode};
use crate::types::{Holds, holds};

pub(crate) fn body(sync: &TypeSync, fields: &Fields) -> Result<TokenStream> {
    let TypeSync { proto, seen, near } = sync;
    let (before, after) = match near {
        Some(names) => position(names, fields)?,
        None => (quote!(), quote!()),
    };
    let mut sent: Vec<FieldCode> = Vec::new();
    let mut recover = TokenStream::new();
    for (member, field) in fields.members().zip(fields) {
        let access = Access {
            proto,
            path: path(sync, &member, fields.len()),
            value: quote!(&self.#member),
            in_enum: false,
        };
        match field::code(field, &access)? {
            Some(code) => {
                let value = &code.recover;
                recover.extend(quote!(#member: #value,));
                sent.push(code);
            }
            None => recover.extend(quote!(#member: ::core::default::Default::default(),)),
        }
    }
    field::check_joins(sent.iter())?;
    let (restrict, see) = match seen {
        Some(seen) => (
            quote!(out.restrict(name);),
            quote!({ let seen: #proto::Seen = #seen; out.see(seen); }),
        ),
        None => (quote!(), quote!()),
    };
    let checks = sent.iter().map(|field| &field.check);
    let lanes = sent.iter().map(|field| &field.lanes);
    let texts = sent.iter().map(|field| &field.texts);
    let tables = sent.iter().map(|field| &field.tables);
    let describe = sent.iter().map(|field| &field.describe);
    let publish = sent.iter().map(|field| &field.publish);
    Ok(quote! {
        const LANES: usize = { #(#checks)* 0 #(+ #lanes)* };
        const TEXTS: usize = 0 #(+ #texts)*;
        const TABLES: usize = 0 #(+ #tables)*;
        fn describe(name: &str, _: &#proto::Sync, out: &mut #proto::Describe) {
            #restrict #before #(#describe)* #after
        }
        fn publish(&self, _: &#proto::Sync, out: &mut #proto::Publish<'_>) {
            #see #(#publish)*
        }
        fn recover(_: &#proto::Sync, from: &mut #proto::Recover<'_>) -> Self { Self { #recover } }
    })
}

/// The path of a field. The one field of `struct Metres(f32)` is called as the struct is.
fn path(sync: &TypeSync, member: &Member, count: usize) -> TokenStream {
    let proto = &sync.proto;
    let part = match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(_) if count == 1 => return quote!(name),
        Member::Unnamed(index) => index.index.to_string(),
    };
    quote!(#proto::Describe::path(name, #part))
}

/// What is to be done for `near` before and after the fields are described.
fn position((x, y): &(Ident, Ident), fields: &Fields) -> Result<(TokenStream, TokenStream)> {
    for name in [x, y] {
        let field = fields.iter().find(|field| field.ident.as_ref() == Some(name));
        let field =
            field.ok_or_else(|| Error::new(name.span(), "there is no field of this name"))?;
        let sync = FieldSync::of(&field.attrs)?;
        if sync.step.is_none() || sync.range.is_some() || sync.seen.is_some() {
            return Err(Error::new(
                name.span(),
                "a position is two floats with the same `step`, without `range` and `seen`",
            ));
        }
        if holds(&field.ty) == Holds::Exact {
            return Err(Error::new(field.ty.span(), "a position is two floats"));
        }
    }
    let (x, y) = (x.unraw().to_string(), y.unraw().to_string());
    Ok((quote!(out.restrict(name);), quote!(out.near(#x, #y);)))
}

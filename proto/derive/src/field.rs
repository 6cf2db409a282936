//! The code for one field of a struct or of a variant.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Field, Path, Result};

use crate::attributes::FieldSync;
use crate::types::{self, Holds};

/// A field that is sent.
pub(crate) struct FieldCode {
    /// Statements that make the compiler check it.
    pub check: TokenStream,
    /// Lanes, texts and tables that it takes: three expressions.
    pub lanes: TokenStream,
    pub texts: TokenStream,
    pub tables: TokenStream,
    /// Statement, given an `out`.
    pub describe: TokenStream,
    /// Statement, given an `out`.
    pub publish: TokenStream,
    /// Expression, given a `from`.
    pub recover: TokenStream,
    /// Where it says `join`.
    pub join: Option<Span>,
    /// Whether it is in a table of its own, so that none can join it.
    pub apart: bool,
}

/// How to get at a field.
pub(crate) struct Access<'a> {
    pub proto: &'a Path,
    /// Expression: its path, given the `name` of what it is in.
    pub path: TokenStream,
    /// Expression: a reference to its value.
    pub value: TokenStream,
    /// Whether it is a variant's.
    pub in_enum: bool,
}

/// The code for a field; `None` if it stays on the server.
pub(crate) fn code(field: &Field, access: &Access<'_>) -> Result<Option<FieldCode>> {
    let sync = FieldSync::of(&field.attrs)?;
    if sync.skip.is_some() {
        return Ok(None);
    }
    check(field, &sync, access.in_enum)?;
    let Access { path, value, .. } = access;
    let path = if sync.seen.is_some() { quote!("") } else { quote!(#path) };
    let of = &field.ty;
    let span = of.span();
    // What the compiler finds wrong is shown at the type of the field.
    let proto = &spanned(access.proto, span);
    let mut code = if let Some(bits) = &sync.quat {
        quat(proto, value, bits, &path, span)
    } else {
        let value_type = quote_spanned!(span=> <#of as #proto::Replicate>);
        let sync = expression(&sync, proto, &value_type, span);
        FieldCode {
            check: quote!(let _ = #sync;),
            lanes: quote!(#value_type::LANES),
            texts: quote!(#value_type::TEXTS),
            tables: quote!(#value_type::TABLES),
            describe: quote!(#value_type::describe(&#path, #sync, out);),
            publish: quote!(#value_type::publish(#value, #sync, out);),
            recover: quote!(#value_type::recover(#sync, from)),
            join: None,
            apart: false,
        }
    };
    code.join = sync.join;
    if let Some(seen) = &sync.seen {
        part(&mut code, access, seen);
    }
    Ok(Some(code))
}

/// Refuses what cannot be, as far as the name of the type tells.
fn check(field: &Field, sync: &FieldSync, in_enum: bool) -> Result<()> {
    let of = &field.ty;
    types::refuse(of, true)?;
    types::refuse_rows(of, in_enum)?;
    if let Some(quat) = &sync.quat {
        let why = "`quat` is for rotations: `[f32; 4]` of x, y, z, w";
        return if types::may_be_quat(of) { Ok(()) } else { Err(Error::new(quat.span(), why)) };
    }
    let holds = types::holds(of);
    let steps = sync.step.as_ref().or(sync.angle.as_ref());
    match (steps, holds) {
        (None, Holds::Floats) => {
            return Err(Error::new(
                of.span(),
                "a float is sent in steps: write `#[sync(step = 0.01)]` above the field, or \
                 `#[sync(angle = 10)]` if it is an angle (or `#[sync(skip)]` to keep it on the \
                 server)",
            ));
        }
        (Some(step), Holds::Exact) => {
            let name = if sync.step.is_some() { "a step" } else { "an angle" };
            let why = format!("{name} is for floats: this is sent exactly");
            return Err(Error::new(step.span(), why));
        }
        (Some(step), Holds::Text) => {
            return Err(Error::new(step.span(), "a step is for floats, this is text"));
        }
        _ => {}
    }
    let predict = sync.hold.or(sync.linear).or(sync.join);
    if let (Some(at), Holds::Text) = (predict, holds) {
        return Err(Error::new(at, "`hold`, `linear` and `join` are for numbers, this is text"));
    }
    if let Some(seen) = &sync.seen {
        if in_enum {
            return Err(Error::new(
                seen.span(),
                "`seen` is for fields of structs: all of an enum is seen or nothing",
            ));
        }
        if types::is_table(of) {
            return Err(Error::new(
                seen.span(),
                "for entities, write `#[sync(seen = EXPR)]` above their type",
            ));
        }
    }
    Ok(())
}

/// The `Sync` of a field, checked against its type while the author compiles.
fn expression(sync: &FieldSync, proto: &Path, value_type: &TokenStream, span: Span) -> TokenStream {
    let mut says = TokenStream::new();
    if let Some(step) = &sync.step {
        says.extend(quote!(step: (#step) as f64,));
    }
    if let Some((min, max)) = &sync.range {
        says.extend(quote!(range: ::core::option::Option::Some(((#min) as f64, (#max) as f64)),));
    }
    if let Some(bits) = &sync.angle {
        says.extend(quote!(angle: #bits,));
    }
    if let Some(tolerance) = &sync.tolerance {
        says.extend(quote!(tolerance: (#tolerance) as f64,));
    }
    for (said, name) in [(sync.hold, quote!(Hold)), (sync.linear, quote!(Linear))] {
        if said.is_some() {
            let predict = quote!(#proto::schema::Predict::#name);
            says.extend(quote!(predict: ::core::option::Option::Some(#predict),));
        }
    }
    if sync.join.is_some() {
        says.extend(quote!(joined: true,));
    }
    let none = quote_spanned!(span=> #proto::Sync::NONE);
    let said =
        if says.is_empty() { none } else { quote_spanned!(span=> #proto::Sync { #says ..#none }) };
    quote_spanned! {span=>
        const { &#said.checked(#value_type::TAKES, #value_type::LANES) }
    }
}

fn quat(
    proto: &Path,
    value: &TokenStream,
    bits: &syn::Expr,
    path: &TokenStream,
    span: Span,
) -> FieldCode {
    let bits = quote!(const { #proto::quat::bits(#bits) });
    FieldCode {
        check: quote!(let _ = #bits;),
        lanes: quote!(#proto::quat::LANES),
        texts: quote!(0),
        tables: quote!(0),
        describe: quote!(#proto::quat::describe(&#path, #bits, out);),
        publish: quote_spanned!(span=> #proto::quat::publish(#value, #bits, out);),
        recover: quote_spanned!(span=> #proto::quat::recover(#bits, from)),
        join: None,
        apart: false,
    }
}

/// A path as if it stood at `span`.
fn spanned(path: &Path, span: Span) -> Path {
    let mut path = path.clone();
    if let Some(colons) = &mut path.leading_colon {
        colons.spans = [span; 2];
    }
    for segment in &mut path.segments {
        segment.ident.set_span(span);
    }
    path
}

/// Puts a field that not all may see into a table of its own.
fn part(code: &mut FieldCode, access: &Access<'_>, seen: &syn::Expr) {
    let Access { proto, path, .. } = access;
    let FieldCode { check, tables, describe, publish, recover, .. } = &*code;
    let seen = quote_spanned!(seen.span()=> { let seen: #proto::Seen = #seen; seen });
    *code = FieldCode {
        check: quote!(#check),
        lanes: quote!(0),
        texts: quote!(0),
        describe: quote!(out.part(&#path, |out| { #describe });),
        publish: quote!(out.part(#tables, #seen, |out| { #publish });),
        recover: quote!(from.part(#tables, |from| #recover)),
        tables: quote!((1 + #tables)),
        join: None,
        apart: true,
    };
}

/// Refuses a `join` that has nothing before it.
pub(crate) fn check_joins<'a>(fields: impl Iterator<Item = &'a FieldCode>) -> Result<()> {
    let mut apart = true;
    for field in fields {
        if let (Some(at), true) = (field.join, apart) {
            return Err(Error::new(at, "`join` needs a number in the field before"));
        }
        apart = field.apart;
    }
    Ok(())
}

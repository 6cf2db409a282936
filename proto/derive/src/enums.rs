//! An enum: which variant it is, and the data of all variants one after the other.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DataEnum, DeriveInput, Error, Ident, Member, Result, Variant};

use crate::attributes::TypeSync;
use crate::field::{self, Access, FieldCode};

/// Names of variants that a schema holds.
const VARIANTS_MAX: usize = 256;

/// A variant with its fields.
struct VariantCode<'a> {
    variant: &'a Variant,
    /// For each field its name in patterns and, if it is sent, its code.
    fields: Vec<(Member, Ident, Option<FieldCode>)>,
}

pub(crate) fn body(sync: &TypeSync, input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let proto = &sync.proto;
    if data.variants.is_empty() {
        return Err(Error::new(input.span(), "an enum without variants has nothing to send"));
    }
    if data.variants.len() > VARIANTS_MAX {
        let why = format!("an enum in a state has at most {VARIANTS_MAX} variants");
        return Err(Error::new(data.variants[VARIANTS_MAX].span(), why));
    }
    if let Some((x, _)) = &sync.near {
        return Err(Error::new(x.span(), "`near` is for structs: an enum has no fields x and y"));
    }
    let variants: Vec<VariantCode<'_>> =
        data.variants.iter().map(|variant| code(proto, variant)).collect::<Result<_>>()?;
    let names = data.variants.iter().map(|variant| variant.ident.unraw().to_string());
    let checks = variants.iter().flat_map(VariantCode::sent).map(|field| &field.check);
    let lanes = sum(&variants, |field| &field.lanes);
    let texts = sum(&variants, |field| &field.texts);
    let tables = sum(&variants, |field| &field.tables);
    let takes = if variants.iter().all(|variant| variant.fields.is_empty()) {
        "Prediction"
    } else {
        "Nothing"
    };
    let takes = Ident::new(takes, Span::call_site());
    let describe = variants.iter().flat_map(VariantCode::sent).map(|field| &field.describe);
    let publish = (0..variants.len()).map(|number| published(&variants, number));
    // The first comes last: it stands for all numbers that no variant has.
    let recover = (0..variants.len()).rev().map(|number| recovered(&variants, number));
    let (restrict, see) = match &sync.seen {
        Some(seen) => (
            quote!(out.restrict(name);),
            quote!({ let seen: #proto::Seen = #seen; out.see(seen); }),
        ),
        None => (quote!(), quote!()),
    };
    Ok(quote! {
        const LANES: usize = { #(#checks)* 1 + #lanes };
        const TEXTS: usize = #texts;
        const TABLES: usize = {
            assert!(#tables == 0, "a List, Map, Grid or Table cannot be in an enum");
            0
        };
        const TAKES: #proto::Takes = #proto::Takes::#takes;
        fn describe(name: &str, sync: &#proto::Sync, out: &mut #proto::Describe) {
            #restrict
            out.variants(name, &[#(#names),*], sync);
            #(#describe)*
        }
        fn publish(&self, _: &#proto::Sync, out: &mut #proto::Publish<'_>) {
            #see
            match self { #(#publish)* }
        }
        fn recover(_: &#proto::Sync, from: &mut #proto::Recover<'_>) -> Self {
            match from.lane() { #(#recover)* }
        }
    })
}

impl VariantCode<'_> {
    fn sent(&self) -> impl Iterator<Item = &FieldCode> {
        self.fields.iter().filter_map(|(_, _, code)| code.as_ref())
    }
}

fn code<'a>(proto: &syn::Path, variant: &'a Variant) -> Result<VariantCode<'a>> {
    if let Some(attribute) = variant.attrs.iter().find(|other| other.path().is_ident("sync")) {
        return Err(Error::new(
            attribute.span(),
            "`sync` stands above the enum or above a field of a variant",
        ));
    }
    let count = variant.fields.len();
    let mut fields = Vec::new();
    for (number, (member, field)) in variant.fields.members().zip(&variant.fields).enumerate() {
        let binding = Ident::new(&format!("field_{number}"), Span::mixed_site());
        let name = variant.ident.unraw();
        let part = match &member {
            Member::Named(field) => format!("{name}.{}", field.unraw()),
            Member::Unnamed(_) if count == 1 => name.to_string(),
            Member::Unnamed(index) => format!("{name}.{}", index.index),
        };
        let path = quote!(#proto::Describe::path(name, #part));
        let access = Access { proto, path, value: quote!(#binding), in_enum: true };
        let code = field::code(field, &access)?;
        fields.push((member, binding, code));
    }
    let code = VariantCode { variant, fields };
    field::check_joins(code.sent())?;
    Ok(code)
}

fn sum<'a>(
    variants: &'a [VariantCode<'_>],
    what: impl Fn(&'a FieldCode) -> &'a TokenStream,
) -> TokenStream {
    let parts = variants.iter().flat_map(VariantCode::sent).map(what);
    quote!((0 #(+ #parts)*))
}

/// Lanes and texts of these variants' data.
fn size(variants: &[VariantCode<'_>]) -> Option<TokenStream> {
    let lanes = sum(variants, |field| &field.lanes);
    let texts = sum(variants, |field| &field.texts);
    variants.iter().flat_map(VariantCode::sent).next().map(|_| quote!(#lanes, #texts))
}

/// The arm of a match that writes a variant.
fn published(variants: &[VariantCode<'_>], number: usize) -> TokenStream {
    let VariantCode { variant, fields } = &variants[number];
    let name = &variant.ident;
    let bindings = fields.iter().map(|(member, binding, _)| quote!(#member: #binding,));
    let zeros = |others: &[VariantCode<'_>]| size(others).map(|size| quote!(out.zeros(#size);));
    let before = zeros(&variants[..number]);
    let after = zeros(&variants[number + 1..]);
    let publish = variants[number].sent().map(|field| &field.publish);
    let index = number as i32;
    quote! {
        Self::#name { #(#bindings)* } => { out.lane(#index); #before #(#publish)* #after }
    }
}

/// The arm of a match that reads a variant. What no variant has is read as the first.
fn recovered(variants: &[VariantCode<'_>], number: usize) -> TokenStream {
    let VariantCode { variant, fields } = &variants[number];
    let name = &variant.ident;
    let skip = |others: &[VariantCode<'_>]| size(others).map(|size| quote!(from.skip(#size);));
    let before = skip(&variants[..number]);
    let after = skip(&variants[number + 1..]);
    let values = fields.iter().map(|(member, _, code)| match code {
        Some(FieldCode { recover, .. }) => quote!(#member: #recover,),
        None => quote!(#member: ::core::default::Default::default(),),
    });
    let index = number as i32;
    let pattern = if number == 0 { quote!(_) } else { quote!(#index) };
    quote! {
        #pattern => { #before let value = Self::#name { #(#values)* }; #after value }
    }
}

//! `#[derive(Replicate)]`: a plain struct becomes a row of lanes, an enum without data one lane.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Expr, Field, Fields, Ident, LitStr, Path, Result, Type};

/// Makes a struct or an enum without data part of a replicated state.
///
/// Fields are sent as they are; a float needs `#[sync(step = 0.01)]`, the difference between two
/// neighbouring values that clients can tell apart. `#[sync(skip)]` keeps a field on the server
/// (clients see its `Default`). On the type, `#[sync(crate = "path")]` names the crate that holds
/// the trait when it is not `greenroom::proto`.
#[proc_macro_derive(Replicate, attributes(sync))]
pub fn derive_replicate(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let proto = proto_path(input)?;
    let body = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => of_struct(&proto, fields.named.iter()),
            Fields::Unit => of_struct(&proto, std::iter::empty()),
            Fields::Unnamed(fields) => Err(Error::new(
                fields.span(),
                "Replicate needs names to send: write `struct Name { field: Type }`",
            )),
        },
        Data::Enum(data) => of_enum(
            &proto,
            &data.variants.iter().map(without_data).collect::<Result<Vec<_>>>()?,
            input,
        ),
        Data::Union(data) => {
            Err(Error::new(data.union_token.span, "a union cannot be replicated: use an enum"))
        }
    }?;
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics #proto::Replicate for #name #arguments #bounds { #body }
    })
}

fn proto_path(input: &DeriveInput) -> Result<Path> {
    let mut path: Path = syn::parse_quote!(::greenroom::proto);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("sync")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("on a type only `crate = \"path\"` is known"));
            }
            path = meta.value()?.parse::<LitStr>()?.parse()?;
            Ok(())
        })?;
    }
    Ok(path)
}

/// What the attributes of a field say.
struct Sync {
    skip: bool,
    step: Option<Expr>,
}

fn sync_of(field: &Field) -> Result<Sync> {
    let mut sync = Sync { skip: false, step: None };
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("sync")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                sync.skip = true;
            } else if meta.path.is_ident("step") {
                sync.step = Some(meta.value()?.parse()?);
            } else {
                return Err(meta.error("known here are `step = 0.01` and `skip`"));
            }
            Ok(())
        })?;
    }
    if let (Some(step), false) = (&sync.step, holds_float(&field.ty)) {
        return Err(Error::new(step.span(), "a step is for floats: integers are sent exactly"));
    }
    if !sync.skip && sync.step.is_none() && holds_float(&field.ty) {
        return Err(Error::new(
            field.ty.span(),
            "a float is sent in steps: write `#[sync(step = 0.01)]` above the field \
             (or `#[sync(skip)]` to keep it on the server)",
        ));
    }
    Ok(sync)
}

fn holds_float(of: &Type) -> bool {
    match of {
        Type::Array(array) => holds_float(&array.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let inside = match &last.arguments {
                syn::PathArguments::AngleBracketed(arguments) if last.ident == "Option" => {
                    arguments.args.iter().any(|argument| {
                        matches!(argument, syn::GenericArgument::Type(inner) if holds_float(inner))
                    })
                }
                _ => false,
            };
            inside || last.ident == "f32" || last.ident == "f64"
        }),
        _ => false,
    }
}

fn of_struct<'a>(proto: &Path, fields: impl Iterator<Item = &'a Field>) -> Result<TokenStream> {
    let (mut lanes, mut tables) = (quote!(0), quote!(0));
    let (mut describe, mut publish, mut recover) = (quote!(), quote!(), quote!());
    for field in fields {
        let name = field
            .ident
            .as_ref()
            .ok_or_else(|| Error::new(field.span(), "a field without a name"))?;
        let of = &field.ty;
        let sync = sync_of(field)?;
        if sync.skip {
            recover.extend(quote! { #name: ::core::default::Default::default(), });
            continue;
        }
        let step = sync.step.map_or(quote!(&#proto::Sync::NONE), |step| {
            quote! { const {
                assert!(#step > 0.0, "a step is greater than 0");
                &#proto::Sync { step: #step as f64, ..#proto::Sync::NONE }
            } }
        });
        let text = name.to_string();
        lanes.extend(quote! { + <#of as #proto::Replicate>::LANES });
        tables.extend(quote! { + <#of as #proto::Replicate>::TABLES });
        describe.extend(quote! {
            <#of as #proto::Replicate>::describe(&#proto::Describe::path(name, #text), #step, out);
        });
        publish.extend(quote! { #proto::Replicate::publish(&self.#name, #step, out); });
        recover.extend(quote! { #name: <#of as #proto::Replicate>::recover(#step, from), });
    }
    Ok(quote! {
        const LANES: usize = #lanes;
        const TABLES: usize = #tables;
        #[allow(unused_variables)]
        fn describe(name: &str, _: &#proto::Sync, out: &mut #proto::Describe) { #describe }
        #[allow(unused_variables)]
        fn publish(&self, _: &#proto::Sync, out: &mut #proto::Publish<'_>) { #publish }
        #[allow(unused_variables)]
        fn recover(_: &#proto::Sync, from: &mut #proto::Recover<'_>) -> Self { Self { #recover } }
    })
}

fn without_data(variant: &syn::Variant) -> Result<&Ident> {
    match variant.fields {
        Fields::Unit => Ok(&variant.ident),
        _ => Err(Error::new(
            variant.span(),
            "an enum in a state has variants without data: put the data into fields beside it",
        )),
    }
}

fn of_enum(proto: &Path, variants: &[&Ident], input: &DeriveInput) -> Result<TokenStream> {
    let [first, rest @ ..] = variants else {
        return Err(Error::new(input.span(), "an enum without variants has nothing to send"));
    };
    let names = variants.iter().map(|variant| variant.to_string());
    let index = (0..variants.len()).map(|index| index as i32);
    let numbered = (1..variants.len()).map(|index| index as i32);
    let value = format_ident!("value");
    Ok(quote! {
        const LANES: usize = 1;
        const TABLES: usize = 0;
        fn describe(name: &str, sync: &#proto::Sync, out: &mut #proto::Describe) {
            out.variants(name, &[#(#names),*], sync);
        }
        fn publish(&self, _: &#proto::Sync, out: &mut #proto::Publish<'_>) {
            out.lane(match self { #(Self::#variants => #index,)* });
        }
        fn recover(_: &#proto::Sync, from: &mut #proto::Recover<'_>) -> Self {
            let #value = from.lane();
            match #value { #(#numbered => Self::#rest,)* _ => Self::#first }
        }
    })
}

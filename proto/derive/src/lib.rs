//! `#[derive(Replicate)]` and `#[derive(Message)]` for Greenroom games.

mod attributes;
mod enums;
mod field;
mod message;
mod structs;
mod types;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Generics, Path, Result};

use attributes::TypeSync;

/// Makes a struct or an enum part of a replicated state.
///
/// Integers, `bool`, texts, lists, maps, grids and other replicated types are sent as they are.
/// What else is to be said of a field stands in `#[sync(…)]` above it:
///
/// | | |
/// |---|---|
/// | `step = 0.01` | floats: the difference between two neighbouring values that clients can tell apart |
/// | `range = (0.0, 100.0)` | with `step`: no value is outside |
/// | `angle = 10` | floats that are an angle in radians: a full turn has 2<sup>10</sup> steps |
/// | `quat = 10` | `[f32; 4]` that is a rotation x, y, z, w: so many bits for each component sent |
/// | `hold`, `linear` | clients expect that it stays, or goes on as it went; floats go on, all else stays |
/// | `tolerance = 0.05` | with `step` or `angle`: the published value may differ by so much |
/// | `join` | it changes along with the field before |
/// | `seen = EXPR` | who sees it, a `Seen`; everybody else has its zero or `None` |
/// | `skip` | it stays on the server; clients have its `Default` |
///
/// And above a type:
///
/// | | |
/// |---|---|
/// | `seen = EXPR` | who sees the entity or the value in a list or map |
/// | `near = (x, y)` | entities: viewers with an eye see those near it; two fields with one `step` |
/// | `crate = "path"` | where the trait is, if not in `::greenroom::proto` |
#[proc_macro_derive(Replicate, attributes(sync))]
pub fn derive_replicate(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    replicate(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Makes a struct or an enum a message: an input, a request, a reply, an event.
///
/// serde's `Serialize` and `Deserialize` must be derived beside it. Every field is a message too;
/// what has no greatest length is none. `#[message(crate = "path")]` above the type says where the
/// trait is, if not in `::greenroom::proto`.
#[proc_macro_derive(Message, attributes(message, sync))]
pub fn derive_message(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    message::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn replicate(input: &DeriveInput) -> Result<TokenStream> {
    let sync = TypeSync::of(&input.attrs)?;
    let body = match &input.data {
        Data::Struct(data) => structs::body(&sync, &data.fields),
        Data::Enum(data) => enums::body(&sync, input, data),
        Data::Union(data) => {
            Err(Error::new(data.union_token.span, "a union cannot be replicated: use an enum"))
        }
    }?;
    let (name, proto) = (&input.ident, &sync.proto);
    let mut code = implement(input, &quote!(#proto::Replicate), &body);
    if input.generics.params.is_empty() {
        // The checks in these constants are made now, not only where the type is used.
        code.extend(quote! {
            const _: usize = <#name as #proto::Replicate>::LANES;
            const _: usize = <#name as #proto::Replicate>::TABLES;
        });
    }
    Ok(code)
}

/// The implementation of a trait, which the type's parameters must have too.
fn implement(input: &DeriveInput, the_trait: &TokenStream, body: &TokenStream) -> TokenStream {
    let name = &input.ident;
    let mut bounded: Generics = input.generics.clone();
    for parameter in bounded.type_params_mut() {
        parameter.bounds.push(syn::parse_quote!(#the_trait));
    }
    let (generics, _, bounds) = bounded.split_for_impl();
    let (_, arguments, _) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(unused_variables, clippy::all, clippy::pedantic)]
        impl #generics #the_trait for #name #arguments #bounds { #body }
    }
}

/// Where the traits are if nothing else is said.
fn default_path() -> Path {
    syn::parse_quote!(::greenroom::proto)
}

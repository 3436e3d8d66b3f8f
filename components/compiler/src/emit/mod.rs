//! Code generation: the typed core becomes a component.

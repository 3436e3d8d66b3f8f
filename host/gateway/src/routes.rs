//! Which route takes a request: the first of the bundle that matches.

use std::collections::BTreeMap;

use aecp_trust::bundle::Route;
use aecp_trust::route::{InvalidTemplate, Template};

use crate::canonical::Head;

/// The routes of a bundle, in its order.
#[derive(Debug, Default)]
pub struct Routes {
    routes: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    route: Route,
    template: Template,
}

/// A route that takes a request.
#[derive(Debug)]
pub struct Matched<'a> {
    /// The route.
    pub route: &'a Route,
    /// Named segments of the path, still percent-encoded.
    pub segments: Vec<(&'a str, &'a str)>,
}

impl Routes {
    /// Prepares a bundle's routes.
    ///
    /// # Errors
    /// A path that is not a template.
    pub fn new(routes: &[Route]) -> Result<Self, InvalidTemplate> {
        let prepare = |route: &Route| {
            Ok(Prepared {
                template: Template::parse(&route.path)?,
                route: route.clone(),
            })
        };
        Ok(Self {
            routes: routes.iter().map(prepare).collect::<Result<_, _>>()?,
        })
    }

    /// The first route that takes the request.
    pub fn find<'a>(&'a self, head: &'a Head) -> Option<Matched<'a>> {
        self.routes.iter().find_map(|Prepared { route, template }| {
            let host = route.hosts.is_empty() || route.hosts.iter().any(|host| host == head.host.name());
            let method =
                route.methods.is_empty() || route.methods.iter().any(|name| name == head.method.as_str());
            let segments = (host && method).then(|| template.matches(&head.path)).flatten()?;
            Some(Matched { route, segments })
        })
    }
}

impl Matched<'_> {
    /// The named segment, still percent-encoded.
    pub fn segment(&self, name: &str) -> Option<&str> {
        self.segments
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }

    /// The route's labels.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.route.labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{HeaderRules, Scheme};

    fn route(name: &str, hosts: &[&str], path: &str, methods: &[&str]) -> Route {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Route {
            name: name.into(),
            hosts: owned(hosts),
            path: path.into(),
            methods: owned(methods),
            upstream: "api".into(),
            labels: BTreeMap::new(),
        }
    }

    fn head(method: &str, host: &str, path: &str) -> Head {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", host);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        Head::of(&mut parts, Scheme::Http, &HeaderRules::default()).unwrap()
    }

    #[test]
    fn the_first_that_matches_takes_the_request() {
        let routes = Routes::new(&[
            route("one", &["a.example"], "/customers/{id}", &["GET"]),
            route("many", &[], "/customers/**", &[]),
        ])
        .unwrap();
        let found = |method, host, path| {
            routes
                .find(&head(method, host, path))
                .map(|m| m.route.name.clone())
        };
        assert_eq!(
            found("GET", "A.example:8080", "/customers/%37"),
            Some("one".into())
        );
        assert_eq!(found("POST", "a.example", "/customers/7"), Some("many".into()));
        assert_eq!(found("GET", "b.example", "/customers/7"), Some("many".into()));
        assert_eq!(found("GET", "a.example", "/x/../admin"), None);
        let wanted = head("GET", "a.example", "/customers/a%20b");
        assert_eq!(routes.find(&wanted).unwrap().segment("id"), Some("a%20b"));
    }
}

//! Checks of rewrites: of requests, and of answers on their way back.

use config::{
    CookieRewrite, HostRewrite, Letters, LocationRewrite, LocationRule, PathMatch, PathRewrite, Pattern,
    QueryRules, Rewrite,
};
use document::{Either, Field, List, Map, Several, Span, Spanned, quoted};
use http::Method;
use http::uri::Authority;
use model::{Stage, Template};
use raw::TemplateText;

use super::Check;
use super::server::given;

/// The most rules for parameters, domains or paths.
const RULE_LIMIT: usize = 100;

impl Check<'_> {
    /// `matched` is what the route's path matches, if that is right.
    pub(super) fn rewrite(&mut self, rewrite: Field<raw::Rewrite>, matched: Option<&PathMatch>) -> Rewrite {
        let Field::Given(Spanned { value: rewrite, span }) = rewrite else { return Rewrite::default() };
        let raw::Rewrite { prefix, strip_prefix, path, regex, query, method, host } = rewrite;
        let several = [prefix.span(), strip_prefix.span(), path.span(), regex.span()];
        if several.into_iter().flatten().count() > 1 {
            self.complain(
                span,
                "only one of `prefix`, `strip_prefix`, `path` and `regex` can be written",
                None,
            );
        }
        let path = (self.prefix_rewrite(prefix, matched))
            .or_else(|| self.strip_prefix(strip_prefix))
            .or_else(|| self.template_rewrite(path))
            .or_else(|| self.regex_rewrite(regex));
        Rewrite {
            path,
            query: self.query_rules(query.or_default()),
            method: self.method_rewrite(method),
            host: self.host_rewrite(host),
        }
    }

    fn prefix_rewrite(&mut self, prefix: Field<String>, matched: Option<&PathMatch>) -> Option<PathRewrite> {
        let Field::Given(prefix) = prefix else { return None };
        let span = prefix.span;
        let to = self.path_text(prefix)?;
        let matched = match matched? {
            PathMatch::Prefix(path) => path.clone(),
            // What was matched is all of it.
            PathMatch::Exact(_) => {
                let mut template = Template::default();
                template.push_text(&to);
                return Some(PathRewrite::Template(template));
            }
            PathMatch::Template(_) | PathMatch::Regex(_) => {
                let help = "write `rewrite.path`, whose `${path.NAME}` are the parts of the path".to_owned();
                let message = "a pattern has no prefix that could be replaced";
                self.complain(span, message, Some(help));
                return None;
            }
        };
        if matched.ends_with('/') != to.ends_with('/') {
            self.warn_of_slashes(&matched, &to, span);
        }
        Some(PathRewrite::Prefix { matched, to })
    }

    /// The trap that users of nginx's proxy_pass fall into.
    fn warn_of_slashes(&mut self, matched: &str, to: &str, span: Span) {
        let (from, into) = match matched.ends_with('/') {
            true => (format!("{matched}a"), format!("{to}a")),
            false => (format!("{matched}/a"), format!("{to}/a")),
        };
        let message = format!("this turns {} into {}", quoted(&from), quoted(&into));
        let help = "let the route's prefix and what takes its place both end with `/`, or neither".to_owned();
        self.warn(span, message, Some(help));
    }

    fn strip_prefix(&mut self, prefix: Field<String>) -> Option<PathRewrite> {
        let Field::Given(prefix) = prefix else { return None };
        let path = self.path_text(prefix)?;
        let segments = path.trim_end_matches('/');
        Some(PathRewrite::Strip(segments.to_owned()))
    }

    fn template_rewrite(&mut self, path: Field<TemplateText>) -> Option<PathRewrite> {
        let Field::Given(text) = path else { return None };
        let template = self.template(&text, Stage::Request)?;
        if !template.literal_start().starts_with('/') || !is_uri_text(&template) {
            self.expected(
                "a path that begins with `/`, of visible ASCII without `#`",
                &text.map(|TemplateText(text)| text),
            );
            return None;
        }
        Some(PathRewrite::Template(template))
    }

    fn regex_rewrite(&mut self, rewrite: Field<raw::RegexRewrite>) -> Option<PathRewrite> {
        let Field::Given(Spanned { value, span }) = rewrite else { return None };
        let pattern = self.required(value.pattern, "pattern", span);
        let replacement = self.required(value.replacement, "replacement", span);
        let pattern = self.pattern(&pattern?, Letters::Exact)?;
        let replacement = replacement?.map(|TemplateText(text)| text);
        if !replacement.value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#') {
            self.expected("visible ASCII without `?` and `#`", &replacement);
        }
        let Spanned { value: replacement, span } = replacement;
        if let Some(group) = unknown_group(&pattern, &replacement) {
            let help = "`${1}` keeps a group's name from what follows it; `$$` stands for `$`".to_owned();
            self.complain(span, format!("the pattern has no group {}", quoted(&group)), Some(help));
            return None;
        }
        Some(PathRewrite::Regex { pattern, replacement })
    }

    fn query_rules(&mut self, rules: raw::QueryRules) -> QueryRules {
        QueryRules {
            set: self.parameters(rules.set),
            add: self.parameters(rules.add),
            remove: self.names_of_parameters(rules.remove),
        }
    }

    fn parameters(&mut self, values: Field<Map<TemplateText>>) -> Vec<(String, Template)> {
        let Field::Given(Spanned { value, span }) = values else { return Vec::new() };
        self.at_most(RULE_LIMIT, value.len(), span);
        let mut rules = Vec::new();
        for (name, value) in value {
            let Field::Given(text) = value else { continue };
            let name = self.parameter(name);
            rules.extend(name.zip(self.template(&text, Stage::Request)));
        }
        rules
    }

    fn names_of_parameters(&mut self, names: Field<List<String>>) -> Vec<String> {
        let Field::Given(Spanned { value, span }) = names else { return Vec::new() };
        self.at_most(RULE_LIMIT, value.len(), span);
        given(value).filter_map(|name| self.parameter(name)).collect()
    }

    fn parameter(&mut self, name: Spanned<String>) -> Option<String> {
        if name.value.is_empty() {
            self.expected("the name of a parameter", &name);
            return None;
        }
        Some(name.value)
    }

    fn at_most(&mut self, limit: usize, count: usize, span: Span) {
        if count > limit {
            self.complain(span, format!("more than {limit} rules"), None);
        }
    }

    /// A response to HEAD or CONNECT is framed otherwise than others (RFC 9112 section 6.3), and the client knows what
    /// it asked for.
    fn method_rewrite(&mut self, method: Field<String>) -> Option<Method> {
        let Field::Given(text) = method else { return None };
        let method = self.method(&text)?.value;
        if method == Method::HEAD || method == Method::CONNECT {
            self.expected("a method other than HEAD and CONNECT", &text);
            return None;
        }
        Some(method)
    }

    fn host_rewrite(&mut self, host: Field<TemplateText>) -> HostRewrite {
        let Field::Given(text) = host else { return HostRewrite::Preserve };
        match text.value.0.as_str() {
            "preserve" => return HostRewrite::Preserve,
            "upstream" => return HostRewrite::Upstream,
            _ => {}
        }
        let Some(template) = self.template(&text, Stage::Request) else { return HostRewrite::Preserve };
        let is_host = |literal: &str| literal.parse::<Authority>().is_ok() && !literal.contains('@');
        if template.literal().is_some_and(|literal| !is_host(literal)) {
            let expected = "`preserve`, `upstream`, or a host such as `www.example.com:8080`";
            self.expected(expected, &text.map(|TemplateText(text)| text));
        }
        HostRewrite::Name(template)
    }

    /// Without the key, answers are mapped back where requests were rewritten in a way that has an inverse.
    pub(super) fn location(
        &mut self,
        location: Field<raw::Location>,
        rewrite: &Rewrite,
    ) -> Vec<LocationRewrite> {
        let Field::Given(Spanned { value: Several(ways), span }) = location else {
            return match (&rewrite.path, &rewrite.host) {
                (Some(PathRewrite::Prefix { .. } | PathRewrite::Strip(_)), _)
                | (_, HostRewrite::Upstream) => {
                    vec![LocationRewrite::Auto]
                }
                _ => Vec::new(),
            };
        };
        self.at_most(RULE_LIMIT, ways.len(), span);
        let is_alone = ways.len() == 1;
        given(ways).filter_map(|Spanned { value, span }| self.location_way(value, span, is_alone)).collect()
    }

    fn location_way(
        &mut self,
        way: Either<raw::LocationName, raw::LocationForm>,
        span: Span,
        is_alone: bool,
    ) -> Option<LocationRewrite> {
        match way {
            Either::Scalar(raw::LocationName::Auto) => Some(LocationRewrite::Auto),
            Either::Scalar(raw::LocationName::Off) if is_alone => None,
            Either::Scalar(raw::LocationName::Off) => {
                self.complain(span, "`off` stands alone, in the place of the list", None);
                None
            }
            Either::Map(form) => self.location_rule(form, span).map(LocationRewrite::Rule),
        }
    }

    fn location_rule(&mut self, form: raw::LocationForm, span: Span) -> Option<LocationRule> {
        let from = self.required(form.from, "from", span);
        let to = self.required(form.to, "to", span);
        let (from, to) = (from?, to?);
        if from.value.is_empty() {
            self.expected("the beginning of a URI", &from);
        }
        let template = self.template(&to, Stage::Response)?;
        if !is_uri_text(&template) {
            self.expected("the beginning of a URI", &to.map(|TemplateText(text)| text));
        }
        Some(LocationRule { from: from.value, to: template })
    }

    pub(super) fn cookies(&mut self, cookies: Field<raw::Cookies>) -> CookieRewrite {
        let raw::Cookies { domain, path, flags } = cookies.or_default();
        let flags = flags.or_default();
        let domain = self.cookie_values(domain).into_iter();
        CookieRewrite {
            domain: domain.map(|(from, to)| (bare_domain(&from), to)).collect(),
            path: self.cookie_values(path),
            secure: flags.secure.into_value(),
            http_only: flags.http_only.into_value(),
            same_site: flags.same_site.into_value().map(|same_site| match same_site {
                raw::SameSite::Strict => "Strict",
                raw::SameSite::Lax => "Lax",
                raw::SameSite::None => "None",
            }),
        }
    }

    fn cookie_values(&mut self, values: Field<Map<String>>) -> Vec<(String, String)> {
        let Field::Given(Spanned { value, span }) = values else { return Vec::new() };
        self.at_most(RULE_LIMIT, value.len(), span);
        let mut rules = Vec::new();
        for (from, to) in value {
            let Field::Given(to) = to else { continue };
            for text in [&from, &to] {
                if !text.value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';') {
                    self.expected("visible ASCII without `;`", text);
                }
            }
            rules.push((from.value, to.value));
        }
        rules
    }
}

/// Visible ASCII without what can stand in no URI, or ends what can be sent of one.
fn is_uri_text(template: &Template) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte);
    template.literals().all(|literal| literal.bytes().all(plain))
}

fn bare_domain(domain: &str) -> String {
    domain.trim_start_matches('.').to_ascii_lowercase()
}

/// The first group of a replacement that the pattern has not; what `regex` takes for a group's name, that is.
fn unknown_group(pattern: &Pattern, replacement: &str) -> Option<String> {
    let mut rest = replacement;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let (group, after) = match after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            Some(parts) => parts,
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at_checked(end).unwrap_or((after, ""))
            }
        };
        let is_known = match group.parse::<usize>() {
            Ok(number) => number < pattern.regex().captures_len(),
            Err(_) => pattern.names().any(|name| name.as_ref() == group),
        };
        if !is_known {
            return Some(group.to_owned());
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_as_regex_finds_them() {
        let pattern = Pattern::compile("(a)(?<name>b)", Letters::Exact).unwrap();
        for known in ["$0$1$2", "${name}x", "$name/x", "$$9", "", "a"] {
            assert_eq!(unknown_group(&pattern, known), None, "{known}");
        }
        for (unknown, group) in [("$3", "3"), ("$1x", "1x"), ("${client.ip}", "client.ip"), ("$ ", "")] {
            assert_eq!(unknown_group(&pattern, unknown).as_deref(), Some(group), "{unknown}");
        }
    }
}

//! Elements of HTML. Arguments named `text` are escaped here; those named `html` are put as they
//! are.

/// Escapes text for the content of an element and for an attribute in quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// Returns a section with a heading.
pub(super) fn section(id: &str, text: &str, html: &str) -> String {
    let heading = escaped(text);
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n\
             <h2 id=\"{id}-heading\">{heading}</h2>\n{html}</section>\n"
    )
}

/// Returns a paragraph.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escaped(text))
}

/// Returns a block of text with its line breaks, which a keyboard can scroll.
pub(super) fn preformatted(label: &str, text: &str) -> String {
    let (label, text) = (escaped(label), escaped(text));
    format!(
        "<pre tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><code>{text}</code></pre>\n"
    )
}

/// Returns a list; an empty one is nothing.
pub(super) fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let items: String = texts.map(|text| format!("<li>{}</li>\n", escaped(text))).collect();
    if items.is_empty() { items } else { format!("<ul>\n{items}</ul>\n") }
}

/// Table under construction. The first column names its row.
#[derive(Debug)]
pub(super) struct Table {
    html: String,
    /// Alignment by column: `r` for right, all others left.
    alignment: &'static str,
}

impl Table {
    /// Starts a table with a caption, column headings and the alignment of its columns.
    pub(super) fn new(caption: &str, columns: &[&str], alignment: &'static str) -> Self {
        let cells: String = columns
            .iter()
            .enumerate()
            .map(|(place, text)| {
                format!("<th scope=\"col\"{}>{}</th>", aligned(alignment, place), escaped(text))
            })
            .collect();
        let caption = escaped(caption);
        let html = format!(
            "<div class=\"scrolled\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\
             <table>\n<caption>{caption}</caption>\n"
        );
        let head =
            if cells.is_empty() { cells } else { format!("<thead><tr>{cells}</tr></thead>\n") };
        Self { html: html + &head + "<tbody>\n", alignment }
    }

    /// Adds a row of texts.
    pub(super) fn row(&mut self, texts: &[&str]) {
        self.row_of_class("", texts);
    }

    /// Adds a row of texts with a class.
    pub(super) fn row_of_class(&mut self, class: &str, texts: &[&str]) {
        self.html += &format!("<tr class=\"{class}\">");
        for (place, text) in texts.iter().enumerate() {
            let (text, class) = (escaped(text), aligned(self.alignment, place));
            self.html += &match place {
                0 => format!("<th scope=\"row\"{class}>{text}</th>"),
                _ => format!("<td{class}>{text}</td>"),
            };
        }
        self.html += "</tr>\n";
    }

    /// Ends the table.
    pub(super) fn end(self) -> String {
        self.html + "</tbody></table></div>\n"
    }
}

/// Returns the attribute of a cell, by the alignment of its column.
fn aligned(alignment: &str, place: usize) -> &'static str {
    if alignment.as_bytes().get(place) == Some(&b'r') { " class=\"number\"" } else { "" }
}

/// Returns a table of names and values.
pub(super) fn facts(caption: &str, facts: &[(String, String)], alignment: &'static str) -> String {
    let mut table = Table::new(caption, &[], alignment);
    facts.iter().for_each(|(name, value)| table.row(&[name, value]));
    table.end()
}

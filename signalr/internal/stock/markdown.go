package stock

// Markdown is docs/clients.md.
func (m *Matrix) Markdown() string { return "" }

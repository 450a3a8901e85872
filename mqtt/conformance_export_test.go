package mqtt

// BreakJournal closes the file of the journal behind the component's back, so that nothing can be stored any more.
func BreakJournal(m *MQTT) error {
	m.mu.Lock()
	file := m.journal.file
	m.mu.Unlock()
	return file.Close()
}

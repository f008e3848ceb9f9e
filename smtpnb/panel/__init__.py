"""The control panel: state and actions (`model`), the thread that owns the connection (`worker`), widgets (`view`)."""

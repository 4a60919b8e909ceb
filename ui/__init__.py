"""What several pages share: pictures, charts, fields, messages, jobs and cached loaders."""

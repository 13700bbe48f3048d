Our clients signed what they ask with access keys (`ClientSettings.credentials`), as brokers with access control want.

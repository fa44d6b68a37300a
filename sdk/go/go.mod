module sandgate/sdk

go 1.25

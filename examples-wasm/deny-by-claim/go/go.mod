module deny-by-claim

go 1.25

require sandgate/sdk v0.1.0

replace sandgate/sdk => ../../../sdk/go

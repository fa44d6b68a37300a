core.register_action("bench_req", { "http-req" }, function(txn)
    if txn.sf:req_hdr("x-bench-skip") == "" then
        txn.http:req_set_header("X-Bench-Req", "1")
    end
end)
core.register_action("bench_resp", { "http-res" }, function(txn)
    txn.http:res_set_header("X-Bench-Resp", "1")
end)

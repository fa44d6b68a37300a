function request(r) {
    return r.headersIn['X-Bench-Skip'] ? '' : '1';
}

function response(r) {
    r.headersOut['X-Bench-Resp'] = '1';
}

export default { request, response };

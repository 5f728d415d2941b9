import CCurl

/// A libcurl easy handle, for the one thread that makes it.
///
/// Not copyable, so that the handle is freed once, when it goes out of scope. It keeps no
/// connection for later: the next dialogue starts from the greeting.
struct CurlEasy: ~Copyable {
    private let handle: UnsafeMutableRawPointer
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    init() throws(MailError) {
        guard Self.isReady, let handle = curl_easy_init() else {
            throw Self.failure(CURLE_FAILED_INIT)
        }
        self.handle = handle
    }

    deinit {
        curl_easy_cleanup(handle)
        for list in lists { curl_slist_free_all(list) }
    }

    // MARK: - Options: the value's type is the one curl_easy_setopt(3) gives for the option

    func set(_ option: CURLoption, _ value: Int) throws(MailError) {
        try Self.expectOK(ccurl_set_long(handle, option, value))
    }

    func set(_ option: CURLoption, size: Int) throws(MailError) {
        try Self.expectOK(ccurl_set_size(handle, option, curl_off_t(size)))
    }

    /// libcurl copies the text.
    func set(_ option: CURLoption, _ value: String) throws(MailError) {
        try Self.expectOK(ccurl_set_string(handle, option, value))
    }

    /// Takes back a text libcurl was built with.
    func unset(_ option: CURLoption) throws(MailError) {
        try Self.expectOK(ccurl_set_string(handle, option, nil))
    }

    /// A list of one entry, kept as long as the handle.
    mutating func set(_ option: CURLoption, entry: String) throws(MailError) {
        guard let list = curl_slist_append(nil, entry) else {
            throw Self.failure(CURLE_OUT_OF_MEMORY)
        }
        lists.append(list)
        try Self.expectOK(ccurl_set_list(handle, option, list))
    }

    /// The caller keeps the object alive until ``perform()`` has returned.
    func set(_ option: CURLoption, object: AnyObject) throws(MailError) {
        let pointer = Unmanaged.passUnretained(object).toOpaque()
        try Self.expectOK(ccurl_set_pointer(handle, option, pointer))
    }

    func setRead(_ function: @escaping curl_read_callback) throws(MailError) {
        try Self.expectOK(ccurl_set_read_function(handle, function))
    }

    func setWrite(_ function: @escaping curl_write_callback) throws(MailError) {
        try Self.expectOK(ccurl_set_write_function(handle, function))
    }

    func setProgress(_ function: @escaping curl_xferinfo_callback) throws(MailError) {
        try Self.expectOK(ccurl_set_progress_function(handle, function))
    }

    // MARK: - The transfer

    /// Blocks until the transfer ends.
    func perform() -> CURLcode { curl_easy_perform(handle) }

    /// The last reply code of the server; 0 when there was none.
    var replyCode: Int {
        var code = 0
        return ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK ? code : 0
    }

    static func failure(_ code: CURLcode) -> MailError { .brokenOff(code: Int(code.rawValue)) }

    private static func expectOK(_ code: CURLcode) throws(MailError) {
        guard code == CURLE_OK else { throw failure(code) }
    }

    /// libcurl as a whole is set up once, before the first handle.
    private static let isReady = ccurl_global_init() == CURLE_OK
}

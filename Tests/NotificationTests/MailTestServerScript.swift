/// The server of ``MailTestServer``, on aiosmtpd.
///
/// The local part of a recipient says what happens to the mail: `busy` 451 and `gone` 550 at RCPT,
/// `late-busy` 451 and `late-gone` 554 after the data, `slow` an answer only after a minute.
let mailTestServerScript = #"""
    import asyncio, base64, json, ssl, sys
    from aiosmtpd.smtp import SMTP, AuthResult

    mode, directory = sys.argv[1:]

    class Handler:
        count = 0

        async def handle_RCPT(self, server, session, envelope, address, options):
            local = address.split("@")[0]
            if local == "busy":
                return "451 4.3.0 try again later, dear " + address
            if local == "gone":
                return "550 5.1.1 no such mailbox " + address
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):
            local = envelope.rcpt_tos[0].split("@")[0]
            if local == "slow":
                print("thinking", flush=True)
                await asyncio.sleep(60)
            if local == "late-busy":
                return "451 4.3.0 disk full"
            if local == "late-gone":
                return "554 5.6.0 not with us"
            Handler.count += 1
            with open(f"{directory}/{Handler.count:04}.json", "w") as file:
                json.dump({
                    "sender": envelope.mail_from,
                    "recipients": envelope.rcpt_tos,
                    "content": base64.b64encode(envelope.original_content).decode(),
                    "tls": server._tls_protocol is not None or mode == "implicit",
                    "login": session.auth_data.decode() if session.auth_data else None,
                }, file)
            return "250 OK"

    def authenticate(server, session, envelope, mechanism, data):
        if (data.login, data.password) == (b"anna", b"pass word@1"):
            return AuthResult(success=True, auth_data=data.login)
        return AuthResult(success=False, handled=False)

    async def main():
        context = None
        if mode != "plain":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(directory + "/certificate.pem", directory + "/key.pem")
        tls = mode in ("starttls", "login")

        def session():
            return SMTP(
                Handler(), hostname="test", require_starttls=tls,
                tls_context=context if tls else None,
                auth_required=mode == "login", authenticator=authenticate)

        server = await asyncio.get_running_loop().create_server(
            session, "localhost", 0, family=2, ssl=context if mode == "implicit" else None)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

    asyncio.run(main())
    """#

/// Adds one command to PocketBase: save a superuser whose email and password are in the environment.
/// PocketBase's own `superuser upsert EMAIL PASS` takes the password as an argument, where every user of
/// the machine can read it in the list of processes; an environment is readable by its owner alone.
const command = new Command({
    use: "pbmodels-superuser",
    run: () => {
        try {
            const email = $os.getenv("PBMODELS_SETUP_EMAIL")
            let superuser
            try {
                superuser = $app.findAuthRecordByEmail("_superusers", email)
            } catch (_) {
                superuser = new Record($app.findCollectionByNameOrId("_superusers"))
            }
            superuser.setEmail(email)
            superuser.setPassword($os.getenv("PBMODELS_SETUP_PASSWORD"))
            $app.save(superuser)
            console.log("Successfully saved superuser")
        } catch (error) {
            console.log("The superuser was refused:", error.message || error)
            $os.exit(1)
        }
    },
})

// The flags of `serve` come along (--encryptionEnv is needed here too); those unknown here do no harm.
command.fParseErrWhitelist.unknownFlags = true

$app.rootCmd.addCommand(command)
